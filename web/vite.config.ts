/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

// Where `npm run dev` finds the API: the mock server, or a running tickspan.
const api = process.env['TICKSPAN_API'] ?? 'http://127.0.0.1:8010';
const proxied = ['/api', '/price', '/history', '/top-coins', '/openapi.json', '/docs', '/redoc'];

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    // The notices of everything that is bundled go out with it.
    license: { fileName: 'licenses.txt' },
    rollupOptions: {
      input: {
        main: fileURLToPath(new URL('./index.html', import.meta.url)),
        cryptos: fileURLToPath(new URL('./cryptos/index.html', import.meta.url)),
      },
    },
  },
  server: {
    proxy: {
      ...Object.fromEntries(proxied.map((path) => [path, { target: api, ws: true }])),
      '/ws': { target: api, ws: true },
    },
  },
  test: { environment: 'node', include: ['src/**/*.test.{ts,tsx}'] },
});
