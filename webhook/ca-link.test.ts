import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { AppError } from '../lib/errors/index.ts';
import { decodeJwt } from '../lib/jwt/index.ts';
import { silentLogger } from '../lib/log/index.ts';
import { FakeClock } from '../lib/time/fake-clock.ts';
import { fingerprint, parseCertificateChainPem } from '../lib/x509/index.ts';
import { createFakeAuthority, unauthorized, unreachable } from '../test/fakes/certificate-authority.ts';
import { CaLink } from './ca-link.ts';
import { Readiness } from './readiness.ts';
import type { ServingCertificate } from './serving-certificate.ts';

const hourMs = 3_600_000;
const names = ['autocert.step.svc', 'autocert.step.svc.cluster.local'] as const;

/** A link that runs on a fake clock against a CA in memory, with its files in memory too. */
async function setUp(failure?: AppError) {
  const clock = new FakeClock();
  const authority = await createFakeAuthority(clock, 'password', 24 * hourMs);
  authority.failure = failure;
  const files: Record<string, string | undefined> = { root: authority.rootPem, password: 'password\n' };
  const readiness = new Readiness(['provisionerKey', 'servingCertificate']);
  const certificates: ServingCertificate[] = [];
  const errors: string[] = [];
  const trusted: string[][] = [];
  const link = new CaLink(
    {
      caUrl: 'https://ca.test:9000/any/path',
      rootCAPath: 'root',
      provisionerPasswordPath: 'password',
      provisioner: { name: 'autocert', kid: undefined },
      servingNames: names,
    },
    {
      files: { readText: async (path) => files[path] ?? Promise.reject(new Error('ENOENT')) },
      connect: (roots) => {
        trusted.push([...roots]);
        return authority;
      },
      clock,
      random: () => 0,
      log: silentLogger,
      readiness,
      onServingCertificate: (certificate) => certificates.push(certificate),
      onCaError: (code) => errors.push(code),
    },
  );
  const abort = new AbortController();
  const running = link.run(abort.signal);
  /** Lets the loop work until it waits again: it opens keys in threads, which no clock knows of. */
  const idle = async (): Promise<void> => {
    while (clock.sleeping === 0) await turn();
  };
  const advance = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await idle();
  };
  const stop = async (): Promise<void> => {
    abort.abort();
    await running;
  };
  await idle();
  return { clock, authority, files, readiness, certificates, errors, trusted, link, advance, stop };
}

const request = { subject: 'app', sans: ['app'] };

describe('CaLink', () => {
  it('gets a certificate for its names and is ready', async (t) => {
    const { link, readiness, certificates, authority, stop } = await setUp();
    t.after(stop);
    assert.deepEqual(readiness.report(), {
      ready: true,
      checks: {
        provisionerKey: { ok: true, required: true },
        servingCertificate: { ok: true, required: true },
        ca: { ok: true, required: false },
      },
    });
    const [certificate] = certificates;
    const [leaf] = parseCertificateChainPem(certificate?.chainPem ?? '');
    assert.deepEqual([leaf?.commonName, leaf?.sans.dns], [names[0], [...names]]);
    assert.equal(
      link.fingerprint(),
      fingerprint(parseCertificateChainPem(authority.rootPem)[0]?.der ?? Buffer.alloc(0)),
    );
    assert.equal(link.roots.current(), authority.rootPem);
  });

  it('makes tokens as the step CLI does, bound to a request where one is given', async (t) => {
    const { link, clock, authority, stop } = await setUp();
    t.after(stop);
    const { token, expiresAt } = link.mint({ ...request, csrDer: Buffer.from('csr') });
    const { claims } = decodeJwt(token);
    assert.equal(expiresAt, clock.now() + 300_000);
    assert.equal(claims.aud, 'https://ca.test:9000/1.0/sign');
    assert.equal(claims.iss, 'autocert');
    assert.deepEqual([claims.sub, claims.sans, claims.sha], ['app', ['app'], link.fingerprint()]);
    assert.equal(Number(claims.exp) * 1000, expiresAt);
    assert.ok(claims.cnf);
    // Its own token too is bound to its own request.
    assert.ok(decodeJwt(authority.tokens[0] ?? '').claims.cnf);
  });

  it('waits for a CA that is late and says why, then goes on by itself', async (t) => {
    const { link, readiness, authority, advance, stop } = await setUp(unreachable());
    t.after(stop);
    await advance(10 * 60_000);
    const { ready, why, checks } = readiness.report();
    assert.equal(ready, false);
    assert.equal(why, 'provisionerKey: ca: is unreachable; servingCertificate: not done yet');
    assert.equal(checks.ca?.ok, false);
    assert.throws(() => link.mint(request), { code: 'ERR_NOT_READY', kind: 'unavailable' });
    authority.failure = undefined;
    await advance(31_000);
    assert.equal(readiness.report().ready, true);
  });

  it('stays ready while the CA is away, and says so', async (t) => {
    const { link, readiness, authority, errors, advance, stop } = await setUp();
    t.after(stop);
    authority.failure = unreachable();
    await advance(61_000);
    assert.deepEqual([readiness.report().ready, readiness.report().checks.ca?.ok], [true, false]);
    assert.equal(errors[0], 'ERR_CA_UNREACHABLE');
    assert.ok(link.mint(request).token);
    authority.failure = undefined;
    await advance(31_000);
    assert.equal(readiness.report().checks.ca?.ok, true);
  });

  it('renews at two thirds of the life, with a new key', async (t) => {
    const { certificates, advance, stop } = await setUp();
    t.after(stop);
    await advance(15 * hourMs);
    assert.equal(certificates.length, 1);
    await advance(hourMs + 1000);
    assert.equal(certificates.length, 2);
    assert.notEqual(certificates[0]?.keyPem, certificates[1]?.keyPem);
  });

  it('is not ready once its certificate has expired, and ready again when the CA is back', async (t) => {
    const { readiness, authority, advance, stop } = await setUp();
    t.after(stop);
    authority.failure = unreachable();
    await advance(23 * hourMs);
    assert.equal(readiness.report().ready, true);
    await advance(hourMs + 60_000);
    assert.match(readiness.report().why ?? '', /servingCertificate: /);
    authority.failure = undefined;
    await advance(60_000);
    assert.equal(readiness.report().ready, true);
  });

  it('follows a provisioner whose key was replaced', async (t) => {
    const { link, authority, files, readiness, advance, stop } = await setUp();
    t.after(stop);
    const kid = await authority.rotateProvisioner('another');
    await advance(61_000);
    assert.match(readiness.report().why ?? '', /provisionerKey: /);
    assert.throws(() => link.mint(request), { code: 'ERR_NOT_READY', kind: 'unavailable' });
    files.password = 'another';
    await advance(60_000);
    assert.equal(readiness.report().ready, true);
    assert.equal(decodeJwt(link.mint(request).token).header.kid, kid);
  });

  it('looks at the provisioners again as soon as the CA refuses a token', async (t) => {
    const { authority, certificates, advance, stop } = await setUp();
    t.after(stop);
    await advance(16 * hourMs - 5_000);
    authority.signFailure = unauthorized();
    await advance(6_000);
    authority.calls.length = 0;
    authority.signFailure = undefined;
    await advance(2_000);
    assert.deepEqual(authority.calls.slice(0, 2), ['provisioners', 'sign']);
    assert.equal(certificates.length, 2);
  });

  it('names the provisioners that are there when ours is not', async (t) => {
    const { authority, readiness, advance, stop } = await setUp();
    t.after(stop);
    const provisioners = authority.provisioners;
    authority.provisioners = async () => (await provisioners()).map((one) => ({ ...one, name: 'other' }));
    await advance(61_000);
    const { why, hint } = readiness.report().checks.provisionerKey ?? {};
    assert.match(why ?? '', /no JWK provisioner "autocert"/);
    assert.match(hint ?? '', /: other$/);
  });

  it('takes new roots within seconds and a certificate of the new CA with them', async (t) => {
    const { link, authority, files, certificates, trusted, advance, stop } = await setUp();
    t.after(stop);
    const old = authority.rootPem;
    const changed = link.roots.changed();
    await authority.rotateRoot();
    files.root = `# both, while pods change over\n${old}${authority.rootPem}`;
    await advance(11_000);
    assert.ok(changed.aborted);
    assert.equal(link.roots.current(), old + authority.rootPem);
    assert.deepEqual(trusted.at(-1), [old, authority.rootPem]);
    assert.equal(certificates.length, 1, 'the old certificate leads to a root that is still trusted');
    files.root = authority.rootPem;
    await advance(11_000);
    assert.equal(certificates.length, 2);
    assert.equal(
      link.fingerprint(),
      fingerprint(parseCertificateChainPem(authority.rootPem)[0]?.der ?? Buffer.alloc(0)),
    );
  });

  for (const [name, content] of [
    ['is gone', undefined],
    ['holds no certificate', 'nothing'],
    ['is cut off', '-----BEGIN CERTIFICATE-----\nAAAA'],
  ] as const) {
    it(`keeps working, renewals too, with the roots it has when the file ${name}`, async (t) => {
      const { link, authority, files, readiness, certificates, advance, stop } = await setUp();
      t.after(stop);
      files.root = content;
      await advance(17 * hourMs);
      assert.equal(readiness.report().ready, true);
      assert.equal(link.roots.current(), authority.rootPem);
      assert.equal(certificates.length, 2);
    });
  }

  it('does not start without its files, and says which', async (t) => {
    const { files, authority, readiness, advance, stop } = await setUp(unreachable());
    t.after(stop);
    files.root = undefined;
    await advance(60_000);
    assert.match(readiness.report().why ?? '', /provisionerKey: /);
    files.root = authority.rootPem;
    authority.failure = undefined;
    await advance(60_000);
    assert.equal(readiness.report().ready, true);
  });
});
