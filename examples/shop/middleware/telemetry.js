// Sends spans of HTTP, PostgreSQL, Redis and RabbitMQ, by OpenTelemetry's own packages alone. Where to, and under which name, they read from OTEL_*.
'use strict';
const { NodeTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { defaultResource, detectResources, envDetector } = require('@opentelemetry/resources');

const provider = new NodeTracerProvider({
  resource: defaultResource().merge(detectResources({ detectors: [envDetector] })),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();
registerInstrumentations({
  tracerProvider: provider,
  instrumentations: [
    new (require('@opentelemetry/instrumentation-http').HttpInstrumentation)({ ignoreIncomingRequestHook: (request) => request.url === '/health' }),
    new (require('@opentelemetry/instrumentation-pg').PgInstrumentation)(),
    new (require('@opentelemetry/instrumentation-ioredis').IORedisInstrumentation)(),
    new (require('@opentelemetry/instrumentation-amqplib').AmqplibInstrumentation)(),
  ],
});
process.once('beforeExit', () => provider.shutdown());
