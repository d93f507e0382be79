// Audits of our own that Lighthouse runs with its others: did the machine disturb the run, and how long did the main
// thread block by the time that its processor gave it instead of the time on the wall.
//
// A task's `tdur` in a trace is the thread's CPU time, `dur` the wall time, both in microseconds:
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const BLOCKING_MS = 50; // https://web.dev/articles/tbt#what_is_tbt

// Return the blocking time of one simulated run, in milliseconds: Lighthouse's own sum (lantern's TBTUtils), where each
// task takes the share of its simulated time that it had of the processor.
export function blocked(timings, start, end) {
  let sum = 0;
  for (const [node, { startTime, duration }] of timings) {
    if (node.type !== 'cpu') continue;
    const { dur, tdur } = node.event;
    const share = dur > 0 && tdur !== undefined ? Math.min(1, tdur / dur) : 1;
    const length = Math.min(end, startTime + duration * share) - Math.max(start, startTime);
    if (end > start && duration * share >= BLOCKING_MS && length >= BLOCKING_MS) sum += length - BLOCKING_MS;
  }
  return sum;
}

// Return wall and CPU time in milliseconds of the main thread's tasks since the navigation.
export function times(events, origin, isTask) {
  let wall = 0;
  let cpu = 0;
  let count = 0;
  for (const event of events) {
    if (!isTask(event) || !event.dur || event.tdur === undefined || event.ts < origin) continue;
    wall += event.dur;
    cpu += event.tdur;
    count += 1;
  }
  return { wall: wall / 1000, cpu: cpu / 1000, tasks: count };
}

// Return the category and the audit, made of the Lighthouse that lies in `root` (its package's folder).
export async function machine(root) {
  const load = (name) => import(pathToFileURL(join(root, 'core', name)).href);
  const { Audit } = await load('audits/audit.js');
  const { default: Blocking } = await load('audits/metrics/total-blocking-time.js');
  const { default: Metric } = await load('computed/metrics/metric.js');
  const { LanternTotalBlockingTime } = await load('computed/metrics/lantern-total-blocking-time.js');
  const { LanternFirstContentfulPaint } = await load('computed/metrics/lantern-first-contentful-paint.js');
  const { LanternInteractive } = await load('computed/metrics/lantern-interactive.js');
  const { ProcessedTrace } = await load('computed/processed-trace.js');
  const { ProcessedNavigation } = await load('computed/processed-navigation.js');
  const { TraceProcessor } = await load('lib/tracehouse/trace-processor.js');

  class Machine extends Audit {
    static get meta() {
      return {
        id: 'machine',
        title: 'Processor time',
        description: 'Total Blocking Time by processor time, and how much of the wall time the page had.',
        scoreDisplayMode: 'informative',
        requiredArtifacts: Blocking.meta.requiredArtifacts,
      };
    }

    static async audit(artifacts, context) {
      const trace = artifacts.Trace ?? artifacts.traces.defaultPass;
      const data = {
        trace,
        devtoolsLog: artifacts.DevtoolsLog ?? artifacts.devtoolsLogs.defaultPass,
        gatherContext: artifacts.GatherContext,
        settings: context.settings,
        URL: artifacts.URL,
        SourceMaps: artifacts.SourceMaps,
        HostDPR: artifacts.HostDPR,
        simulator: null,
      };
      const processedTrace = await ProcessedTrace.request(trace, context);
      const processedNavigation = await ProcessedNavigation.request(trace, context);
      const input = Metric.getMetricComputationInput({ ...data, processedTrace, processedNavigation });
      const fcp = await LanternFirstContentfulPaint.request(input, context);
      const interactive = await LanternInteractive.request(input, context);
      const tbt = await LanternTotalBlockingTime.request(input, context);
      // As lantern's TotalBlockingTime: the two windows' mean, each with the opposite estimate of the FCP.
      const cpu =
        (blocked(tbt.optimisticEstimate.nodeTimings, fcp.pessimisticEstimate.timeInMs,
          interactive.optimisticEstimate.timeInMs) +
          blocked(tbt.pessimisticEstimate.nodeTimings, fcp.optimisticEstimate.timeInMs,
            interactive.pessimisticEstimate.timeInMs)) / 2;
      const found = times(processedTrace.mainThreadEvents, processedTrace.timeOriginEvt.ts,
        (event) => TraceProcessor.isScheduleableTask(event));
      const { scoring } = Blocking.defaultOptions[context.settings.formFactor];
      return {
        score: 1,
        numericValue: cpu,
        numericUnit: 'millisecond',
        details: { type: 'debugdata', ...found, tbt: cpu, score: Audit.computeLogNormalScore(scoring, cpu) },
      };
    }
  }
  return {
    audit: { implementation: Machine },
    category: { title: 'Machine', supportedModes: ['navigation'], auditRefs: [{ id: 'machine', weight: 0 }] },
  };
}
