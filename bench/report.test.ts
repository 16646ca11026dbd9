import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cheaperIsBetter, lessIsBetter, moreIsBetter } from './comparison.ts';
import { formatNumber, isMet, renderTable } from './report.ts';

describe('rows', () => {
  it('say how many times better where more is better or a cost is compared', () => {
    assert.equal(moreIsBetter('sign', '1/s', [500, 250]).ratio, 2);
    assert.equal(cheaperIsBetter('CPU', 'ms', [1, 2]).ratio, 2);
  });

  it('say which part of the peer’s where less is better', () => {
    assert.equal(lessIsBetter('p99', 'ms', [1, 2]).ratio, 0.5);
  });
});

describe('renderTable', () => {
  it('names the measure, both figures, the ratio, and whether the goal is met', () => {
    const rows = [moreIsBetter('sign', '1/s', [600, 250], 2.5), lessIsBetter('p99', 'ms', [1.234, 2], 1)];
    assert.equal(
      renderTable({ title: 'CA', ours: 'ours', peer: 'step-ca', rows, notes: ['load 0.1'] }),
      [
        'CA',
        '             ours  step-ca  ratio    goal',
        '  sign, 1/s   600      250   2.40  >= 2.5  missed',
        '  p99, ms    1.23     2.00   0.62    <= 1     met',
        '  load 0.1',
        '',
      ].join('\n'),
    );
  });

  it('keeps the digits of a ratio that is next to nothing', () =>
    assert.match(
      renderTable({ title: '', ours: '', peer: '', rows: [lessIsBetter('PSS', 'kB', [12, 11_000])] }),
      / 0\.0011$/m,
    ));

  it('has no verdict where there is no goal', () => {
    assert.ok(isMet(moreIsBetter('sign', '1/s', [1, 2])));
    assert.doesNotMatch(
      renderTable({ title: '', ours: '', peer: '', rows: [moreIsBetter('a', '', [1, 2])] }),
      /met|missed/,
    );
  });

  it('shows what could not be measured as a dash', () => assert.equal(formatNumber(Number.NaN), '-'));
});
