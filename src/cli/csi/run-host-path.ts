import type { Registry } from 'prom-client';
import { createHostPathPlugin } from '../../csi/hostpath/index.js';
import {
  type CallInterceptor,
  logCalls,
  measureCalls,
  type Registration,
  registerPlugin,
  serveHttp,
} from '../../csi/index.js';
import { loadPackage } from '../load-package.js';
import { packageVersion } from '../package-version.js';
import type { HostPathSettings } from './host-path-command.js';

/**
 * Serves the host-path plugin until it is shut down, by SIGTERM or SIGINT: listens, then serves HTTP, then tells the kubelet,
 * and takes all of it back in the other order.
 *
 * Rejects when something of it cannot be had, or when another server has taken the socket.
 */
export async function runHostPath(settings: HostPathSettings): Promise<void> {
  const { pino } = await loadPackage('pino', 'podwire csi hostpath logs with pino', () => import('pino'));
  const logger = pino({ level: settings.logLevel });
  const interceptors: CallInterceptor[] = [logCalls(logger)];
  const registry = settings.httpEndpoint && (await metricsRegistry());
  if (registry) {
    const driverName = (): string => host.plugin.name;
    interceptors.push(measureCalls(registry, { side: 'plugin', driverName }));
  }
  const host = await createHostPathPlugin({ version: packageVersion(), ...settings.plugin, interceptors, logger });
  const { plugin } = host;
  let lost: Error | undefined;
  let registration: Registration | undefined;
  const releases: (() => Promise<void>)[] = [];
  try {
    const listener = await plugin.listen(settings.endpoint, {
      ...settings.listen,
      onRelisten: () => logger.warn({ address: listener.address }, 'the socket was gone; listening there again'),
      onLost: (error) => {
        lost = error;
        void plugin.close();
      },
    });
    if (settings.httpEndpoint && registry) {
      // No volume comes to a plugin that the kubelet does not know yet.
      const ready = settings.registration && (() => registration?.state === 'registered');
      const http = await serveHttp({
        ...{ ...settings.httpEndpoint, probe: settings.endpoint, registry },
        ...(ready && { ready }),
      });
      releases.push(() => http.close());
      logger.info({ ...settings.httpEndpoint, ...(http.port && { port: http.port }) }, 'serving HTTP');
    }
    if (settings.registration) {
      const registered = await registerPlugin({
        ...settings.registration,
        name: plugin.name,
        signal: plugin.server.stopping,
        onState: ({ state, error }) => logger[error ? 'warn' : 'info']({ state, err: error }, 'registration'),
      });
      registration = registered;
      releases.push(() => registered.close());
    }
    const { nodeId } = settings.plugin;
    logger.info({ driver: plugin.name, version: plugin.version, nodeId, address: listener.address }, 'listening');
    await plugin.server.closed;
  } catch (error) {
    // Told to end before all of it was there.
    if (!plugin.server.stopping.aborted) throw error;
  } finally {
    await host.close();
    for (const release of releases.reverse()) await release();
  }
  if (lost !== undefined) throw lost;
  logger.info({ driver: plugin.name }, 'ended in order');
}

async function metricsRegistry(): Promise<Registry> {
  const promClient = await loadPackage('prom-client', '/metrics is made by prom-client', () => import('prom-client'));
  const registry = new promClient.Registry();
  promClient.collectDefaultMetrics({ register: registry });
  return registry;
}
