import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cacheFolder, peerPath } from './index.ts';
import { kubernetesModule } from './kubernetes-module.ts';

describe('peerPath', () => {
  it('refuses a program that is not in the catalogue', () => assert.throws(() => peerPath('nope'), /catalogue/));
});

describe('cacheFolder', () => {
  it('follows AUTOCERT_CACHE, then XDG_CACHE_HOME', () => {
    assert.equal(cacheFolder({ AUTOCERT_CACHE: '/a', XDG_CACHE_HOME: '/b' }), '/a');
    assert.equal(cacheFolder({ XDG_CACHE_HOME: '/b' }), '/b/autocert');
  });
});

describe('kubernetesModule', () => {
  const published = 'module k8s.io/kubernetes\n\ngo 1.26.0\n\nreplace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n';

  it('turns staging folders into published modules of the same release', () => {
    assert.equal(
      kubernetesModule(published, '1.37.2'),
      'module peers\ngo 1.26.0\nrequire k8s.io/kubernetes v1.37.2\nreplace k8s.io/api => k8s.io/api v0.37.2\n',
    );
  });

  it('says when a release has no staging modules', () => {
    assert.throws(() => kubernetesModule('module k8s.io/kubernetes\n', '1.40.0'), /staging/);
  });
});
