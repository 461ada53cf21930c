import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The server of `npm run dev`; `npm run fixture` answers there, and so does a running Mainstay.
const api = process.env.MAINSTAY_API ?? 'http://127.0.0.1:7070';

export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/api': api } },
  build: {
    target: 'es2022',
    // The layout engine is one large file of generated code that only a worker loads.
    chunkSizeWarningLimit: 600,
    assetsInlineLimit: 0,
  },
  test: { include: ['src/**/*.test.{ts,tsx}'], environment: 'node', testTimeout: 20_000 },
});
