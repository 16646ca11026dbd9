/** sprig's functions on text. */
import type { Named } from '../data/declare.ts';
import { caseFunctions } from './case.ts';
import { cuttingFunctions } from './cutting.ts';
import { digestFunctions } from './digests.ts';
import { encodingFunctions } from './encodings.ts';
import { fillingFunctions } from './filling.ts';
import { joinedWordFunctions } from './joined-words.ts';
import { pathFunctions } from './paths.ts';
import { type RandomBytes, randomFunctions } from './randomness.ts';
import { regexFunctions } from './regex/functions.ts';
import { secretFunctions } from './secrets.ts';
import { semverFunctions } from './semver/functions.ts';
import { showingFunctions } from './showing.ts';
import { urlFunctions } from './url/functions.ts';

export const textFunctions = (randomBytes: RandomBytes): Named => ({
  ...caseFunctions,
  ...cuttingFunctions,
  ...digestFunctions,
  ...encodingFunctions,
  ...fillingFunctions,
  ...joinedWordFunctions,
  ...pathFunctions,
  ...randomFunctions(randomBytes),
  ...regexFunctions,
  ...secretFunctions(randomBytes),
  ...semverFunctions,
  ...showingFunctions,
  ...urlFunctions,
});
