import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countReadyAddresses } from './ready-addresses.ts';

describe('countReadyAddresses', () => {
  it('counts an address once, and none of a pod that is not ready', () => {
    const slices = [
      { endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'], conditions: { ready: true } }] },
      { endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.3'], conditions: { ready: false } }] },
    ];
    assert.equal(countReadyAddresses(slices), 2);
  });

  it('reads null as an empty list: so a slice is stored whose last pod has gone', () => {
    assert.equal(countReadyAddresses([{ endpoints: null }, {}, { endpoints: [{ addresses: null }] }]), 0);
  });
});
