/**
 * Where the parts of the published size sit on three kinds of machine, computed from its shapes; a picture of
 * 1024 x 1024, an edit of one, an answer about one.
 *
 *   node --import tsx test/bench/memory-plans.ts
 */
import { describePlan } from '../../engine/cli/memory.ts';
import { type Machine, planMemory } from '../../engine/memory/plan.ts';
import { workload } from '../../engine/memory/working.ts';
import { publishedMemory } from './published.ts';

const GB = 1e9;
/** What the system and other programs leave free. */
const MACHINES: Readonly<Record<string, Machine>> = {
  '12 GB GPU, 16 GB RAM': { freeBytes: 13 * GB, gpuBytes: 11 * GB },
  '16 GB RAM': { freeBytes: 13 * GB, gpuBytes: 0 },
  '8 GB GPU, 16 GB RAM': { freeBytes: 13 * GB, gpuBytes: 7 * GB },
};
const SIZE = { width: 1_024, height: 1_024 };
const GRID = { rows: 32, columns: 32 };

const { config, memory } = await publishedMemory();
for (const [name, machine] of Object.entries(MACHINES))
  for (const verb of ['create', 'edit', 'chat'] as const) {
    const seen = verb === 'create' ? 0 : 1;
    const promptTokens = 200 + 1_024 * seen;
    const work = workload({ size: SIZE, grid: GRID, promptTokens, images: 1, references: seen });
    const plan = planMemory({ verb, machine, config, memory, work });
    const peaks = `${(plan.peakBytes / GB).toFixed(1)} GB, GPU ${(plan.gpuPeakBytes / GB).toFixed(1)} GB`;
    console.log(`${name}, ${verb}: ${plan.fits ? 'fits' : 'DOES NOT FIT'}, peak ${peaks}`);
    console.log(describePlan(plan).join('\n'));
    if (!plan.fits) process.exitCode = 1;
  }
