// Writes src/api/types.ts from the kinds, as the built binary declares them.
// node scripts/types.mjs [--if-missing]; MAINSTAY_BIN names the binary, else the newest one below artifacts/ is taken.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const target = fileURLToPath(new URL('../src/api/types.ts', import.meta.url));
if (process.argv.includes('--if-missing') && existsSync(target)) process.exit(0);

const binary = process.env.MAINSTAY_BIN ?? newest(fileURLToPath(new URL('../../artifacts', import.meta.url)));
if (!binary) fail('there is no built mainstay', 'build src/Host first, or set MAINSTAY_BIN to the binary');

const run = spawnSync(binary, ['schema', '--typescript'], { encoding: 'utf8', timeout: 30_000 });
if (run.status !== 0 || !run.stdout.includes('export')) fail(`'${binary} schema --typescript' failed: ${run.error?.message ?? run.stderr}`, 'run it by hand to see why');
writeFileSync(target, run.stdout);

function newest(folder) {
  if (!existsSync(folder)) return undefined;
  const found = ['bin/Host', 'publish/Host'].flatMap((below) => find(`${folder}/${below}`));
  return found.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

function find(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${folder}/${entry.name}/mainstay`)
    .filter((path) => existsSync(path));
}

function fail(what, remedy) {
  console.error(`types: ${what}`);
  console.error(remedy);
  process.exit(1);
}
