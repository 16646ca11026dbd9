import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError, isAppError } from '../../../lib/errors/index.ts';
import { decryptProvisionerKey } from '../../../lib/jwk-provisioner/index.ts';
import { layoutOf } from '../files.ts';
import { establishPki, type PkiObject, type PkiObjects, type PkiRequest } from './establish.ts';

const request: PkiRequest = {
  prefix: 'step',
  name: 'Test',
  dnsNames: ['ca.step.svc'],
  address: ':9000',
  caUrl: 'https://ca.step.svc',
  provisioner: 'admin',
  webhookProvisioner: 'autocert',
  database: true,
  layout: layoutOf('/home/step'),
};

type Versioned = PkiObject & { readonly version: number };

/** The objects of a namespace in memory, with optimistic locking as the API server has it, and faults on request. */
class Namespace implements PkiObjects<Versioned> {
  readonly stored = new Map<string, Versioned>();
  /** Called before each write; what it throws is the answer. */
  beforeWrite: () => void = () => {};
  writes = 0;

  constructor() {
    for (const part of ['config', 'certs', 'secrets', 'ca-password', 'provisioner-password', 'webhook-password']) {
      const kind = part === 'config' || part === 'certs' ? 'ConfigMap' : 'Secret';
      this.stored.set(`${kind}/step-${part}`, { kind, name: `step-${part}`, data: {}, version: 1 });
    }
  }

  async read(kind: PkiObject['kind'], name: string): Promise<Versioned | undefined> {
    return this.stored.get(`${kind}/${name}`);
  }

  async set(object: Versioned, changes: Readonly<Record<string, string>>): Promise<void> {
    this.beforeWrite();
    const key = `${object.kind}/${object.name}`;
    if (this.stored.get(key)?.version !== object.version) {
      throw new AppError('ERR_KUBERNETES_REFUSED', 'conflict', `${key}: has changed`);
    }
    this.writes++;
    this.stored.set(key, { ...object, data: { ...object.data, ...changes }, version: object.version + 1 });
  }

  content(): Record<string, unknown> {
    return Object.fromEntries([...this.stored].map(([key, { data }]) => [key, data]));
  }
}

const establish = (objects: Namespace, changes: string[] = []) => {
  let made = 0;
  return establishPki(request, {
    objects,
    now: () => Date.UTC(2026, 0, 1),
    makePassword: () => `password ${++made}`,
    onChange: (what) => changes.push(what),
  });
};

describe('establishing a PKI in Kubernetes', () => {
  it('makes it once, and a second run changes nothing', async () => {
    const objects = new Namespace();
    const changes: string[] = [];
    await establish(objects, changes);
    assert.deepEqual(changes, [
      'made ca-password',
      'made provisioner-password',
      'made the PKI',
      'published root_ca.crt, intermediate_ca.crt',
      'published ca.json, defaults.json',
      'made webhook-password',
      'added provisioner autocert',
    ]);
    const before = objects.content();
    await establish(objects);
    assert.deepEqual(objects.content(), before);
  });

  it("gives the webhook's provisioner a key that its own password opens", async () => {
    const parts = await establish(new Namespace());
    const { authority } = JSON.parse(parts.config['ca.json'] ?? '') as {
      authority: { provisioners: { name: string; encryptedKey: string }[] };
    };
    assert.deepEqual(
      authority.provisioners.map(({ name }) => name),
      ['admin', 'autocert'],
    );
    const encrypted = authority.provisioners[1]?.encryptedKey ?? '';
    await decryptProvisionerKey(encrypted, parts['webhook-password']?.password ?? '');
    await assert.rejects(decryptProvisionerKey(encrypted, parts['provisioner-password'].password ?? ''));
  });

  it('goes on where a run was cut short, after any of its writes', async () => {
    const objects = new Namespace();
    for (let writes = 0; writes < 7; writes++) {
      objects.beforeWrite = () => {
        if (objects.writes >= writes) throw new Error('killed');
      };
      await assert.rejects(establish(objects), /killed/);
    }
    const rootBefore = objects.stored.get('Secret/step-secrets')?.data['root_ca.crt'];
    objects.beforeWrite = () => {};
    const parts = await establish(objects);
    assert.equal(parts.certs['root_ca.crt'], rootBefore);
    assert.equal(objects.writes, 7);
  });

  it('lets one of two runs make each part, and both end with the same', async () => {
    const objects = new Namespace();
    const changes: string[] = [];
    const [first, second] = await Promise.all([establish(objects, changes), establish(objects, changes)]);
    assert.deepEqual(first.certs, second.certs);
    assert.deepEqual(first.config, second.config);
    assert.equal(changes.length, new Set(changes).size);
  });

  it('says which object is not there', async () => {
    const objects = new Namespace();
    objects.stored.delete('Secret/step-ca-password');
    await assert.rejects(establish(objects), {
      code: 'ERR_CA_PKI_OBJECT',
      message: 'Secret step-ca-password: does not exist',
    });
  });

  it('gives up when somebody writes all the time', async () => {
    const objects = new Namespace();
    objects.beforeWrite = () => {
      throw new AppError('ERR_KUBERNETES_REFUSED', 'conflict', 'changed');
    };
    await assert.rejects(establish(objects), (error) => isAppError(error) && error.code === 'ERR_CA_PKI_BUSY');
  });
});
