// Writes src/api/schema.d.ts from api/openapi.yaml; with --check it only says whether that is needed.
// The dashboard asks for neither time_format=ms nor number_format=string, so times are strings and numbers are numbers.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString, NULL, NUMBER, STRING } from 'openapi-typescript';
import ts from 'typescript';

const source = new URL('../../api/openapi.yaml', import.meta.url);
const target = new URL('../src/api/schema.d.ts', import.meta.url);
const plain = {
  '#/components/schemas/Time': STRING,
  '#/components/schemas/NullableTime': ts.factory.createUnionTypeNode([STRING, NULL]),
  '#/components/schemas/SourceSince': ts.factory.createUnionTypeNode([STRING, NULL]),
  '#/components/schemas/Number': NUMBER,
  '#/components/schemas/NullableNumber': ts.factory.createUnionTypeNode([NUMBER, NULL]),
};

const ast = await openapiTS(source, { transform: (_schema, { path }) => plain[path] });
const text = `// Generated from api/openapi.yaml by npm run types. Do not edit.\n${astToString(ast)}`;
const current = existsSync(target) && readFileSync(target, 'utf8') === text;
if (process.argv.includes('--check')) {
  if (!current) {
    console.error('src/api/schema.d.ts does not follow api/openapi.yaml: npm run types writes it anew');
    process.exit(1);
  }
} else if (!current) {
  writeFileSync(target, text);
}
