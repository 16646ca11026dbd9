/** Who vouches for a request: choosing a provisioner from the CA's list, and opening its key with a password. */
import type { CaClient } from '../../lib/ca-client/index.ts';
import { decryptProvisionerKey, type ProvisionerKey } from '../../lib/jwk-provisioner/index.ts';
import type { Invocation, OptionValues } from '../command.ts';
import { noProvisioner } from '../errors.ts';
import { readPassword } from '../files.ts';
import { askChoice, askPassword } from '../terminal/prompts.ts';

/** What is looked at of a member of GET /provisioners; its other members depend on its type. */
export type ListedProvisioner = { readonly type: string; readonly name: string; readonly kid: string | undefined };

export function readProvisioner(member: Readonly<Record<string, unknown>>): ListedProvisioner {
  const { type, name, key } = member;
  const kid = typeof key === 'object' && key !== null && 'kid' in key ? key.kid : undefined;
  return { type: String(type), name: String(name), kid: typeof kid === 'string' ? kid : undefined };
}

/** The JWK provisioners that `--provisioner` and `--kid` leave. Pure. @throws {AppError} ERR_CLI_PROVISIONER */
export function matchingProvisioners(
  listed: readonly ListedProvisioner[],
  wanted: { readonly name?: string | undefined; readonly kid?: string | undefined },
): ListedProvisioner[] {
  const named = listed.filter(
    ({ name, kid }) => (!wanted.name || name === wanted.name) && (!wanted.kid || kid === wanted.kid),
  );
  const usable = named.filter(({ type }) => type === 'JWK');
  if (usable.length > 0) return usable;
  const [other] = named;
  if (other && wanted.name) {
    throw noProvisioner(
      `provisioner ${other.name}: its type is ${other.type}`,
      'only JWK provisioners are supported; the step command itself works with the same CA and the same files',
    );
  }
  const names = listed.filter(({ type }) => type === 'JWK').map(({ name }) => name);
  throw noProvisioner(
    wanted.name || wanted.kid
      ? `provisioner ${wanted.name || wanted.kid}: the CA has none of this ${wanted.name ? 'name' : 'key id'}`
      : 'provisioner: the CA has none of type JWK',
    names.length > 0 ? `it has ${names.join(', ')}` : 'see "autocert ca provisioner list"',
  );
}

/** `admin (JWK) [kid: …]`, as step prints it. */
export const describeProvisioner = ({ name, type, kid }: ListedProvisioner): string =>
  `${name} (${type}) [kid: ${kid ?? '-'}]`;

/** Chooses, asks for the password if need be, and opens the key. The password is not kept. */
export async function openProvisioner(
  { options, terminal }: Invocation,
  client: CaClient,
): Promise<{ readonly name: string; readonly key: ProvisionerKey }> {
  const listed = (await client.provisioners()).map(readProvisioner);
  const candidates = matchingProvisioners(listed, {
    name: options.text('provisioner'),
    kid: options.text('kid'),
  });
  const names = candidates.map(describeProvisioner);
  const index =
    candidates.length === 1
      ? 0
      : await askChoice(terminal, {
          message: 'What provisioner key do you want to use?',
          choices: names,
          hint: `give --provisioner, one of ${candidates.map(({ name }) => name).join(', ')}`,
        });
  const chosen = candidates[index];
  if (!chosen?.kid)
    throw noProvisioner(`provisioner ${chosen?.name}: the CA does not say its key id`, 'ask its operator');
  terminal.selected('Provisioner', describeProvisioner(chosen));
  const jwe = await client.encryptedKey(chosen.kid);
  const password = await provisionerPassword(options, terminal);
  return { name: chosen.name, key: await decryptProvisionerKey(jwe, password) };
}

async function provisionerPassword(options: OptionValues, terminal: Invocation['terminal']): Promise<string> {
  const path = options.text('provisioner-password-file') || options.text('password-file');
  if (path) return readPassword(path);
  return askPassword(terminal, {
    message: 'Please enter the password to decrypt the provisioner key',
    hint: 'give --provisioner-password-file',
  });
}
