// The API documentation pages are served by the program itself, so their scripts come along.
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const target = new URL('dist/docs-assets/', root);
const files = {
  'swagger-ui.css': 'node_modules/swagger-ui-dist/swagger-ui.css',
  'swagger-ui-bundle.js': 'node_modules/swagger-ui-dist/swagger-ui-bundle.js',
  'swagger-ui-LICENSE.txt': 'node_modules/swagger-ui-dist/LICENSE',
  'swagger-ui-NOTICE.txt': 'node_modules/swagger-ui-dist/NOTICE',
  'redoc.standalone.js': 'node_modules/redoc/bundles/redoc.standalone.js',
  'redoc-LICENSE.txt': 'node_modules/redoc/LICENSE',
};

mkdirSync(target, { recursive: true });
for (const [name, from] of Object.entries(files)) copyFileSync(new URL(from, root), new URL(name, target));
console.log(`copied ${Object.keys(files).length} files to ${fileURLToPath(target)}`);
