import { metrics, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

import { instantCredential, startApplication } from './application.mjs';
import { inTurn } from './paired.mjs';
import { atMostTimes } from './report.mjs';

/** A token that is held, with metrics, spans, the event log and a listener on, against all of that off. */
export async function run() {
  const off = await startApplication({
    credential: instantCredential,
    resources: { graph: {} },
    telemetry: false,
  });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // Collects when it is told to: calls in a row leave its timer no turn.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const processor = new SimpleSpanProcessor({ exporter: new InMemorySpanExporter() });
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
  const on = await startApplication({
    credential: instantCredential,
    resources: { graph: {} },
    telemetry: true,
  });
  let heard = 0;
  on.tokens.events.subscribe(() => heard++);
  await on.tokens.refresh('graph');
  const ns = await inTurn({
    off: () => off.tokens.getToken('graph'),
    on: () => on.tokens.getToken('graph'),
  });
  await reader.forceFlush();
  const measured = exporter.getMetrics().length;
  await on.close();
  await off.close();
  await reader.shutdown();
  if (heard === 0 || measured === 0) throw new Error('Nothing was on.');
  return [atMostTimes('telemetry/held-token-on-vs-off', 'ns', ns.on, ns.off, 1.1)];
}
