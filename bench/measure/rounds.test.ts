import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { interleave, medians } from './rounds.ts';

describe('interleave', () => {
  it('lets each side begin every other round', async () => {
    const order: string[] = [];
    await interleave(['a', 'b'], 3, async (side) => order.push(side));
    assert.equal(order.join(''), 'abbaab');
  });

  it('keeps the samples of the sides apart', async () => {
    let next = 0;
    const samples = await interleave(['ours', 'peer'], 2, async (side) => ({ side, value: next++ }));
    assert.deepEqual(
      samples.map((each) => each.map(({ side }) => side)),
      [
        ['ours', 'ours'],
        ['peer', 'peer'],
      ],
    );
    assert.deepEqual(
      medians(samples, ({ value }) => value),
      [1.5, 1.5],
    );
  });
});
