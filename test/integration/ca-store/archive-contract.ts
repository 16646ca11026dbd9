/** What operators may rely on, on every database: searches, one moment of the whole database, merging. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { CertificateStore } from '../../../ca/authority/index.ts';
import type { BackupRow, CertificateArchive, CertificateFilter, PageKey } from '../../../ca/operations/ports.ts';
import { certificate, day, revocation, token } from './contract.ts';

type Archive = CertificateStore & CertificateArchive;

/** `open` opens the same empty database each time, `openOther` another one. */
export function archiveContract(name: string, open: () => Promise<Archive>, openOther: () => Promise<Archive>): void {
  describe(`${name}: what operators may rely on`, () => {
    let store: Archive;
    const now = 10 * day;
    before(async () => {
      store = await open();
      const add = (serial: string, notAfter: number, names: string[], more = {}) =>
        store.addCertificate({ ...certificate(serial), subject: names[0] ?? '', names, notAfter, ...more });
      await add('1', 11 * day, ['Web.example', 'www.web.example', '10.0.0.7']);
      await add('2', 12 * day, ['api.example']);
      await add('3', 9 * day, ['web.example'], { renews: '1' });
      await add('4', 12 * day, ['50%_off\\.example'], { provisioner: { id: 'x:1', name: 'x', type: 'JWK' } });
      await add('5', 13 * day, ['db.example', 'b.web.example.org']);
      await store.revoke({ ...revocation('2'), reason: 'lost' });
    });
    after(() => store?.close());

    const serials = async (filter: CertificateFilter): Promise<string[]> => {
      const { entries, next } = await store.listCertificates(filter, now, undefined, 100);
      assert.equal(next, undefined);
      return entries.map(({ serial }) => serial);
    };
    const rows: [what: string, filter: CertificateFilter, want: string[]][] = [
      ['all, those that end last first', {}, ['5', '4', '2', '1', '3']],
      ['by subject, in any case', { name: 'WEB.example' }, ['1', '3']],
      ['by another name', { name: '10.0.0.7' }, ['1']],
      ['by the end of a name', { name: '*.web.example' }, ['1']],
      ['by the middle of a name', { name: '*web*' }, ['5', '1', '3']],
      ['by a pattern that fits one name and not two', { name: 'db*org' }, []],
      ['by characters that mean something to databases', { name: '50%_off\\.*' }, ['4']],
      ['nothing for a character that stands for any elsewhere', { name: 'w_b.example' }, []],
      ['by provisioner', { provisioner: 'x' }, ['4']],
      ['those that are valid', { state: 'valid' }, ['5', '4', '1']],
      ['those that expired', { state: 'expired' }, ['3']],
      ['those that were revoked', { state: 'revoked' }, ['2']],
      ['those that end within a time', { endsAfter: 11 * day, endsBefore: 13 * day }, ['4', '2', '1']],
      ['by everything at once', { name: '*example', state: 'valid', endsBefore: 12 * day }, ['1']],
    ];
    for (const [what, filter, want] of rows) {
      it(`finds ${what}`, async () => assert.deepEqual(await serials(filter), want));
    }

    it('goes on where a page ended', async () => {
      const found: string[] = [];
      let after: PageKey | undefined;
      do {
        const page = await store.listCertificates({}, now, after, 2);
        found.push(...page.entries.map(({ serial }) => serial));
        after = page.next;
      } while (after);
      assert.deepEqual(found, ['5', '4', '2', '1', '3']);
    });

    it('shows what is known of one', async () => {
      const shown = await store.findDetails('2');
      assert.deepEqual(shown && { ...shown, der: [...shown.der] }, {
        serial: '2',
        subject: 'api.example',
        names: ['api.example'],
        notBefore: 0,
        notAfter: 12 * day,
        provisioner: { id: 'admin:kid', name: 'admin', type: 'JWK' },
        renews: undefined,
        revoked: { at: day, reasonCode: 1, reason: 'lost' },
        der: [1, 2, 3],
      });
      assert.equal((await store.findDetails('3'))?.renews, '1');
      assert.equal(await store.findDetails('99'), undefined);
    });

    it('reads one moment of the database, while it changes', async () => {
      const seen = await store.readSnapshot(async (read) => {
        const first = await read('certificates', undefined, 2);
        await store.addCertificate(certificate('21'));
        const last = first.at(-1)?.serial;
        const second = await read('certificates', String(last), 10);
        return [...first, ...second].map(({ serial }) => serial);
      });
      assert.deepEqual(seen, ['1', '2', '3', '4', '5']);
      assert.ok(await store.findCertificate('21'));
    });

    it('merges a database into another one: adds what is missing, keeps what is there, twice the same', async () => {
      await store.useToken(token('merged'), () => ({ result: 0 }));
      await store.updateRevocationList(0, () => ({
        number: 7,
        der: new Uint8Array([7]),
        thisUpdate: 1,
        nextUpdate: 2,
      }));
      const tables = ['certificates', 'used_tokens', 'revoked_certificates', 'revocation_lists'] as const;
      const all = await store.readSnapshot(async (read) => {
        const pages: [(typeof tables)[number], readonly BackupRow[]][] = [];
        for (const table of tables) pages.push([table, await read(table, undefined, 1000)]);
        return pages;
      });
      const other = await openOther();
      await other.addCertificate({ ...certificate('1'), der: new Uint8Array([9]) });
      await other.updateRevocationList(0, () => ({
        number: 3,
        der: new Uint8Array([3]),
        thisUpdate: 1,
        nextUpdate: 2,
      }));
      const merge = async (): Promise<number[]> => {
        const added: number[] = [];
        for (const [table, rows] of all) added.push(await other.mergeRows(table, rows));
        return added;
      };
      assert.deepEqual(await merge(), [5, 1, 1, 1]);
      assert.deepEqual(await merge(), [0, 0, 0, 0]);
      assert.deepEqual([...((await other.findCertificate('1')) ?? [])], [9]);
      assert.equal((await other.useToken(token('merged'), () => ({ result: 0 }))).kind, 'reused');
      assert.equal(await other.isRevoked('2'), true);
      assert.equal((await other.findRevocationList())?.number, 7);
      assert.equal(await other.mergeRows('certificates', []), 0);
      await other.close();
    });
  });
}
