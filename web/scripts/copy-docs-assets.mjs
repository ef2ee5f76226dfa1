// The API documentation pages are served by the program itself, so their scripts come along.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const target = new URL('dist/docs-assets/', root);
const files = {
  'swagger-ui.css': 'node_modules/swagger-ui-dist/swagger-ui.css',
  'swagger-ui-bundle.js': 'node_modules/swagger-ui-dist/swagger-ui-bundle.js',
  'swagger-ui-LICENSE.txt': 'node_modules/swagger-ui-dist/LICENSE',
  'swagger-ui-NOTICE.txt': 'node_modules/swagger-ui-dist/NOTICE',
  'redoc-LICENSE.txt': 'node_modules/redoc/LICENSE',
};

mkdirSync(target, { recursive: true });
for (const [name, from] of Object.entries(files)) copyFileSync(new URL(from, root), new URL(name, target));

// Redoc shows its maker's logo from the maker's server; the page shall reach no other host, so the picture goes, the link stays.
const LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const redoc = readFileSync(new URL('node_modules/redoc/bundles/redoc.standalone.js', root), 'utf8');
const local = redoc.replaceAll(LOGO, 'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E');
if (local === redoc || local.includes('//cdn.')) throw new Error('redoc.standalone.js has changed: look for what it loads from other hosts');
writeFileSync(new URL('redoc.standalone.js', target), local);
console.log(`copied ${Object.keys(files).length + 1} files to ${fileURLToPath(target)}`);
