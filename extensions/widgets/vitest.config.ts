// Unit tests run in jsdom; the real browser is tested from Python.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { environment: "jsdom", include: ["test/**/*.test.ts"] } });
