import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { pathsIn } from '../certificate-files/index.ts';
import { isAppError } from '../errors/index.ts';
import { FakeClock } from '../time/fake-clock.ts';
import { connectAuthority } from './authority.ts';
import { FakeAuthority } from './fake-authority.ts';

describe('the CA as a pod sees it', () => {
  /** As a replica that is gone: the connection stands and nothing is ever answered. */
  const silent = createServer(() => {});
  let caUrl: URL;
  before(async () => {
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    caUrl = new URL(`https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
  });
  after(() => silent.close());

  it('gives up on a silent CA while there is life left to ask again', async () => {
    const clock = new FakeClock();
    const set = new FakeAuthority(clock).issuer.issueSet({ notBefore: clock.now(), notAfter: clock.now() + 20_000 });
    const authority = connectAuthority(
      {
        caUrl,
        rootFingerprint: undefined,
        commonName: 'web.test',
        sans: [],
        notAfter: undefined,
        credential: { kind: 'token', ott: '' },
        paths: pathsIn('/nowhere'),
        write: { mode: 'atomic', publicMode: 0o644, keyMode: 0o600 },
      },
      { userAgent: 'test', readTextFile: () => Promise.resolve('') },
    );
    const asked = [authority.renew(set), authority.rekey(set, ''), authority.fetchRoots(set.rootPem, 2000)];
    for (const answer of asked) {
      await assert.rejects(answer, (error) => {
        assert.ok(isAppError(error, 'ERR_CA_UNREACHABLE'));
        assert.match(String(error.cause), /no answer within 2 s/);
        return true;
      });
    }
  });
});
