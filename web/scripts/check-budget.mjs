// Fails when what a first visit loads grows beyond its budget (gzip), or when something in dist would reach another host.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUDGET_KB = 250;
const dist = fileURLToPath(new URL('../dist/', import.meta.url));

const gzipKb = (file) => gzipSync(readFileSync(file)).length / 1000;
const assets = readdirSync(join(dist, 'assets')).filter((name) => /\.(js|css)$/.test(name));
let total = 0;
for (const name of assets) {
  const size = gzipKb(join(dist, 'assets', name));
  total += size;
  console.log(`${size.toFixed(1).padStart(8)} kB gzip  assets/${name}`);
}
console.log(`${total.toFixed(1).padStart(8)} kB gzip  together, budget ${BUDGET_KB} kB (API documentation apart)`);
if (total > BUDGET_KB) {
  console.error(`The dashboard is over its budget by ${(total - BUDGET_KB).toFixed(1)} kB.`);
  process.exit(1);
}

for (const page of ['index.html', 'cryptos/index.html']) {
  const foreign = /(?:src|href)="(?:https?:)?\/\//.exec(readFileSync(join(dist, page), 'utf8'));
  if (foreign) {
    console.error(`${page} loads something from another host: ${foreign[0]}`);
    process.exit(1);
  }
}
