// What a run measures: the screens, the quiet times and the audits that are left out.
import { machine } from './machine.mjs';

// Audits without weight in the score that need their own gathering, or a second navigation (bf-cache).
const SKIPPED = [
  'bf-cache', 'script-treemap-data', 'unused-javascript', 'unused-css-rules', 'unminified-css', 'unminified-javascript',
  'valid-source-maps', 'duplicated-javascript-insight', 'legacy-javascript-insight', 'full-page-screenshot',
];
// Lighthouse waits a second four times; on pages from loopback nothing comes later than this, in milliseconds.
const QUIET = { pauseAfterFcpMs: 200, pauseAfterLoadMs: 200, networkQuietThresholdMs: 200, cpuQuietThresholdMs: 200 };

// Return Lighthouse's configuration for the package in `root`; `wanted` are category names, `trimmed` our short runs.
export async function configuration(root, constants, preset, wanted, trimmed) {
  const { audit, category } = await machine(root);
  return {
    extends: 'lighthouse:default',
    settings: {
      ...(trimmed ? { ...QUIET, disableFullPageScreenshot: true } : {}),
      skipAudits: trimmed ? SKIPPED : null,
      onlyCategories: [...wanted, 'machine'],
      throttlingMethod: 'simulate',
      formFactor: preset,
      throttling: preset === 'desktop' ? constants.throttling.desktopDense4G : constants.throttling.mobileSlow4G,
      screenEmulation: constants.screenEmulationMetrics[preset],
      emulatedUserAgent: constants.userAgents[preset],
      maxWaitForFcp: 15_000,
      maxWaitForLoad: 30_000,
    },
    audits: [audit],
    categories: { machine: category },
  };
}
