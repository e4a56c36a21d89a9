/** Picture after picture: as many open files at the end as at the start, and (in the long run) as much memory. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { rounds } from '../helpers/rounds.ts';
import { openStudio, send } from '../helpers/studio.ts';

const PICTURES = rounds(10, 300);
/** Until every network is loaded and every pool has its size. */
const WARM_UP = rounds(5, 100);
const MOST_GROWTH = 1.1;

const handles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
const memory = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);

test(`${PICTURES} pictures one after the other leave nothing behind in studio and engine`, {
  skip: existsSync('/proc/self/fd') ? false : 'needs /proc',
}, async () => {
  const { studio, jobIn, engines, events } = await openStudio();
  let at: { handles: number; memory: number }[] = [];
  for (let index = 1; index <= PICTURES; index++) {
    const { jobs } = await send(studio, `picture ${index}`);
    assert.equal((await jobIn(jobs[0]!.id, 'done', 'failed')).state, 'done');
    events.length = 0;
    const pids = [process.pid, engines[0]!.pid];
    const now = pids.map((pid) => ({ handles: handles(pid), memory: memory(pid) }));
    if (index === WARM_UP) at = now;
    if (index === PICTURES)
      for (const [which, { handles, memory }] of now.entries()) {
        assert.ok(handles <= at[which]!.handles, `${handles} handles, before ${at[which]!.handles}`);
        const growth = memory / at[which]!.memory;
        console.log(`${which === 0 ? 'studio' : 'engine'}: memory x ${growth.toFixed(3)}`);
        if (process.env.TUSK_TEST_LONG) assert.ok(growth < MOST_GROWTH, `memory x ${growth}`);
      }
  }
  assert.equal(engines.length, 1);
  await studio.close();
});
