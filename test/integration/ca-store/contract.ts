/**
 * What every store of the CA promises, as tests: run on memory, on SQLite and on a real PostgreSQL. Those of
 * {@link persistentContract} hold for stores that outlive the process.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { CertificateStore } from '../../../ca/authority/index.ts';

export const day = 86_400_000;

export const token = (key: string, expiresAt: number | undefined = 10 * day) => ({ key, expiresAt, usedAt: day });

export const certificate = (serial: string) => ({
  serial,
  der: new Uint8Array([1, 2, 3]),
  subject: 'web',
  names: ['web', 'www.example'],
  notBefore: 0,
  notAfter: day,
  provisioner: { id: 'admin:kid', name: 'admin', type: 'JWK' },
});

export const revocation = (serial: string) => ({
  serial,
  provisionerId: 'admin:kid',
  reasonCode: 1,
  reason: 'lost',
  revokedAt: day,
  expiresAt: undefined as number | undefined,
  tokenKey: 'key',
});

const list = (number: number) => ({
  number,
  der: new Uint8Array([number]),
  thisUpdate: day,
  nextUpdate: 2 * day,
});

/** `open` opens the same database each time; `others` are further replicas on it. */
export function storeContract(name: string, open: () => Promise<CertificateStore>): void {
  describe(`${name}: what every store promises`, () => {
    let store: CertificateStore;
    before(async () => {
      store = await open();
    });
    after(() => store?.close());

    it('takes a token once', async () => {
      assert.deepEqual(await store.useToken(token('once'), () => ({ result: 1 })), { kind: 'used', result: 1 });
      assert.deepEqual(await store.useToken(token('once'), () => ({ result: 2 })), { kind: 'reused' });
    });

    it('takes a token once among many at the same time', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 200 }, (_, index) => store.useToken(token('race'), () => ({ result: index }))),
      );
      assert.equal(outcomes.filter(({ kind }) => kind === 'used').length, 1);
    });

    it('keeps a token taken when what it was taken for fails', async () => {
      const failing = store.useToken(token('failed'), () => {
        throw new TypeError('not this one');
      });
      await assert.rejects(failing, /not this one/);
      assert.deepEqual(await store.useToken(token('failed'), () => ({ result: 0 })), { kind: 'reused' });
    });

    it('says that a token is used, whatever it would have been used for', async () => {
      await store.useToken(token('used-before'), () => ({ result: 0 }));
      const again = store.useToken(token('used-before'), () => {
        throw new TypeError('refused');
      });
      assert.deepEqual(await again, { kind: 'reused' });
    });

    it('lets one failing change not hurt those beside it', async () => {
      const outcomes = await Promise.allSettled([
        store.useToken(token('beside-1'), () => ({ result: 1 })),
        store.useToken(token('beside-2'), () => {
          throw new TypeError('broken');
        }),
        store.useToken(token('beside-3'), () => ({ result: 3 })),
      ]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
    });

    it('takes any text for a key, once', async () => {
      const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\0', '\ud800', 'x'.repeat(100_000)));
      let round = 0;
      await fc.assert(
        fc.asyncProperty(texts, async (text) => {
          const use = token(`${round++}${text}`);
          assert.equal((await store.useToken(use, () => ({ result: 0 }))).kind, 'used');
          assert.equal((await store.useToken(use, () => ({ result: 0 }))).kind, 'reused');
        }),
        { numRuns: 30 },
      );
    });

    it('forgets tokens that ended, a few at a time, and never one without an end', async () => {
      const short = ['short-1', 'short-2', 'short-3'];
      for (const key of short) await store.useToken(token(key, day), () => ({ result: 0 }));
      await store.useToken({ key: 'endless', expiresAt: undefined, usedAt: day }, () => ({ result: 0 }));
      const request = { tokensEndedBefore: 2 * day, certificatesEndedBefore: 0, limit: 2 };
      assert.deepEqual(await store.prune(request), { kind: 'pruned', tokens: 2, certificates: 0 });
      assert.deepEqual(await store.prune(request), { kind: 'pruned', tokens: 1, certificates: 0 });
      assert.equal((await store.useToken(token('short-1', day), () => ({ result: 0 }))).kind, 'used');
      assert.equal((await store.useToken(token('endless'), () => ({ result: 0 }))).kind, 'reused');
      assert.equal((await store.useToken(token('once'), () => ({ result: 0 }))).kind, 'reused');
    });
  });
}

/** `open` opens the same database each time. */
export function persistentContract(name: string, open: () => Promise<CertificateStore>): void {
  describe(`${name}: what a store that outlives the process promises`, () => {
    let [first, second]: CertificateStore[] = [];
    const stores = (): [CertificateStore, CertificateStore] => {
      assert.ok(first && second);
      return [first, second];
    };
    before(async () => {
      first = await open();
      second = await open();
    });
    after(async () => {
      await first?.close();
      await second?.close();
    });

    it('is ready', () => assert.ok(stores().every((store) => store.ready() && store.persistent)));

    it('gives a token to one of two replicas, also when both want many at once', async () => {
      const keys = Array.from({ length: 100 }, (_, index) => `shared-${index}`);
      const takeAll = (store: CertificateStore, order: readonly string[]) =>
        order.map((key) => store.useToken(token(key), () => ({ result: key })));
      const outcomes = await Promise.all([
        ...takeAll(stores()[0], keys),
        ...takeAll(stores()[1], keys.toReversed()), // the other order: nobody may wait for each other in a circle
      ]);
      const taken = outcomes.flatMap((outcome) => (outcome.kind === 'used' ? [outcome.result] : []));
      assert.deepEqual(taken.sort(), keys.toSorted());
    });

    it('keeps what it was given, and shows it to the other replica at once', async () => {
      const [one, other] = stores();
      await one.useToken(token('kept'), () => ({ result: 0, certificate: certificate('17') }));
      await one.addCertificate({ ...certificate('18'), provisioner: undefined, renews: '17' });
      assert.deepEqual(await other.findProvisioner('17'), { id: 'admin:kid', name: 'admin', type: 'JWK' });
      assert.equal(await other.findProvisioner('18'), undefined);
      assert.deepEqual([...((await other.findCertificate('17')) ?? [])], [1, 2, 3]);
      assert.equal(await other.findCertificate('19'), undefined);
    });

    it('keeps no certificate for a token that was used before', async () => {
      const [one, other] = stores();
      await one.useToken(token('taken-here'), () => ({ result: 0, certificate: certificate('31') }));
      await other.useToken(token('taken-here'), () => ({ result: 0, certificate: certificate('32') }));
      assert.ok(await other.findCertificate('31'));
      assert.equal(await one.findCertificate('32'), undefined);
    });

    it('revokes once: the first stays, and every replica sees it at once', async () => {
      const [one, other] = stores();
      assert.equal(await one.revoke(revocation('17')), true);
      assert.equal(await other.isRevoked('17'), true);
      assert.equal(await other.revoke({ ...revocation('17'), reason: 'again' }), false);
      assert.equal(await one.isRevoked('18'), false);
    });

    it('refuses a serial number that is taken, keeps the first, and hurts no other change', async () => {
      const [one] = stores();
      await one.addCertificate(certificate('41'));
      const [again, beside] = await Promise.allSettled([
        one.addCertificate({ ...certificate('41'), der: new Uint8Array([9]) }),
        one.addCertificate(certificate('42')),
      ]);
      assert.equal(again.status === 'rejected' && again.reason.code, 'ERR_CA_STORE_WRITE');
      assert.equal(beside.status, 'fulfilled');
      assert.deepEqual([...((await one.findCertificate('41')) ?? [])], [1, 2, 3]);
    });

    it('keeps names that no database likes', async () => {
      const [one] = stores();
      const subject = 'a\0b\ud800 c';
      const names = Array.from({ length: 500 }, (_, index) => `host-${index}.example`);
      await one.addCertificate({ ...certificate('51'), subject, names });
      await one.revoke({ ...revocation('51'), reason: 'no\0good' });
      assert.ok(await one.findCertificate('51'));
    });

    it('gives the list of revocations from one hand', async () => {
      const [one, other] = stores();
      assert.equal(await one.findRevocationList(), undefined);
      const numbers = Array.from({ length: 10 }, (_, index) =>
        stores()[(index % 2) as 0 | 1].updateRevocationList(0, (current) => list((current?.number ?? -1) + 1)),
      );
      const made = await Promise.all(numbers);
      assert.deepEqual(made.map((each) => each?.number).sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.deepEqual(normalize(await one.findRevocationList()), list(9));
      assert.deepEqual(normalize(await other.updateRevocationList(0, () => undefined)), list(9));
    });

    it('lists what was revoked, in order, without what ended', async () => {
      const [one, other] = stores();
      await one.revoke({ ...revocation('62'), revokedAt: 3 * day, expiresAt: 5 * day });
      await one.revoke({ ...revocation('61'), revokedAt: 2 * day, expiresAt: 6 * day });
      await one.revoke({ ...revocation('63'), revokedAt: 4 * day });
      let seen: readonly { serial: string }[] = [];
      await other.updateRevocationList(6 * day, (_current, revoked) => {
        seen = revoked.filter(({ serial }) => serial.startsWith('6'));
        return undefined;
      });
      assert.deepEqual(seen, [
        { serial: '61', revokedAt: 2 * day, reasonCode: 1, expiresAt: 6 * day },
        { serial: '63', revokedAt: 4 * day, reasonCode: 1, expiresAt: undefined },
      ]);
    });

    it('keeps the list when the next one cannot be made', async () => {
      const [one] = stores();
      const before = normalize(await one.findRevocationList());
      const failing = one.updateRevocationList(0, () => {
        throw new TypeError('the key is away');
      });
      await assert.rejects(failing, /the key is away/);
      assert.deepEqual(normalize(await one.findRevocationList()), before);
    });

    it('deletes certificates that ended long ago, and no revocation', async () => {
      const [one] = stores();
      await one.addCertificate({ ...certificate('71'), notAfter: 100 });
      await one.addCertificate({ ...certificate('72'), notAfter: 200 });
      await one.revoke({ ...revocation('71'), expiresAt: 100 });
      const request = { tokensEndedBefore: 0, certificatesEndedBefore: 200, limit: 10 };
      assert.deepEqual(await one.prune({ ...request, certificatesEndedBefore: undefined }), {
        kind: 'pruned',
        tokens: 0,
        certificates: 0,
      });
      assert.deepEqual(await one.prune(request), { kind: 'pruned', tokens: 0, certificates: 1 });
      assert.equal(await one.findCertificate('71'), undefined);
      assert.ok(await one.findCertificate('72'));
      assert.equal(await one.isRevoked('71'), true);
    });

    it('opens while three others open and change tables at the same time', async () => {
      const opened = await Promise.all([open(), open(), open()]);
      assert.deepEqual(await Promise.all(opened.map((store) => store.isRevoked('17'))), [true, true, true]);
      await Promise.all(opened.map((store) => store.close()));
    });
  });
}

/** Bytes come back as Buffer or Uint8Array. */
const normalize = <List extends { der: Uint8Array }>(given: List | undefined) =>
  given && { ...given, der: new Uint8Array(given.der) };
