import { lazy, Suspense, useEffect, useState } from 'react';
import { live } from './api/live';
import type { Text } from './domain/i18n';
import type { Route } from './domain/route';
import { Announcer } from './parts/Announcer';
import { ConnectionBanner } from './parts/ConnectionBanner';
import { Header } from './parts/Header';
import { HelpDialog } from './parts/HelpDialog';
import { useCell } from './parts/hooks';
import { go, Link, useRoute } from './parts/navigation';
import { useText } from './parts/settings';

const MapPage = lazy(() => import('./pages/MapPage'));
const ServicePage = lazy(() => import('./pages/ServicePage'));
const HistoryPage = lazy(() => import('./pages/HistoryPage'));
const EventsPage = lazy(() => import('./pages/EventsPage'));
const TrafficPage = lazy(() => import('./pages/TrafficPage'));
const PoliciesPage = lazy(() => import('./pages/PoliciesPage'));
const TracesPage = lazy(() => import('./pages/TracesPage'));
const TracePage = lazy(() => import('./pages/TracePage'));
const TopPage = lazy(() => import('./pages/TopPage'));
const LogsPage = lazy(() => import('./pages/LogsPage'));
const WhyPage = lazy(() => import('./pages/WhyPage'));
const IncidentsPage = lazy(() => import('./pages/IncidentsPage'));
const QueryPage = lazy(() => import('./pages/QueryPage'));
const NowPage = lazy(() => import('./pages/NowPage'));
const CheckupPage = lazy(() => import('./pages/CheckupPage'));
const ReleasesPage = lazy(() => import('./pages/ReleasesPage'));
const FlowsPage = lazy(() => import('./pages/FlowsPage'));
const JobsPage = lazy(() => import('./pages/JobsPage'));
const QueuesPage = lazy(() => import('./pages/QueuesPage'));
const StreamsPage = lazy(() => import('./pages/StreamsPage'));
const ConfigPage = lazy(() => import('./pages/ConfigPage'));
const LocksPage = lazy(() => import('./pages/LocksPage'));
const StorePage = lazy(() => import('./pages/StorePage'));
const ObjectivesPage = lazy(() => import('./pages/ObjectivesPage'));
const RegistryPage = lazy(() => import('./pages/RegistryPage'));
const RehearsePage = lazy(() => import('./pages/RehearsePage'));
const HostsPage = lazy(() => import('./pages/HostsPage'));

export function App() {
  const text = useText();
  const route = useRoute();
  const [help, setHelp] = useState(false);
  const { state } = useCell(live.connection);
  const title = useCell(live.architecture)?.title;
  useShortcuts(() => setHelp(true));
  useEffect(() => {
    const page = titleOf(text, route);
    document.title = [page, title, 'Mainstay'].filter(Boolean).join(' · ');
  }, [route, text, title]);
  return (
    <>
      <a className="skip" href="#main">{text.app.skip}</a>
      <Header route={route} onHelp={() => setHelp(true)} />
      <ConnectionBanner />
      <main id="main" className={state === 'lost' ? 'stale' : undefined} tabIndex={-1}>
        <Suspense fallback={<p className="canvas-note">{text.app.loading}</p>}>
          {route.page === 'map' && <MapPage selected={route.selected} at={route.at} />}
          {route.page === 'service' && <ServicePage key={route.name} name={route.name} />}
          {route.page === 'history' && <HistoryPage from={route.from} to={route.to} />}
          {route.page === 'events' && <EventsPage />}
          {route.page === 'traffic' && <TrafficPage selected={route.about} />}
          {route.page === 'policies' && <PoliciesPage about={route.about} />}
          {route.page === 'traces' && <TracesPage search={route.search} />}
          {route.page === 'trace' && <TracePage key={route.id} id={route.id} />}
          {route.page === 'top' && <TopPage of={route.of} window={route.window} service={route.service} />}
          {route.page === 'logs' && <LogsPage search={route.search} />}
          {route.page === 'why' && <WhyPage key={route.of} of={route.of} />}
          {route.page === 'incidents' && <IncidentsPage name={route.name} />}
          {route.page === 'query' && <QueryPage query={route.query} span={route.span} />}
          {route.page === 'now' && <NowPage />}
          {route.page === 'checkup' && <CheckupPage />}
          {route.page === 'releases' && <ReleasesPage name={route.name} />}
          {route.page === 'flows' && <FlowsPage run={route.run} />}
          {route.page === 'jobs' && <JobsPage name={route.name} />}
          {route.page === 'queues' && <QueuesPage name={route.name} />}
          {route.page === 'streams' && <StreamsPage name={route.name} />}
          {route.page === 'config' && <ConfigPage name={route.name} />}
          {route.page === 'locks' && <LocksPage />}
          {route.page === 'store' && <StorePage />}
          {route.page === 'objectives' && <ObjectivesPage />}
          {route.page === 'registry' && <RegistryPage />}
          {route.page === 'hosts' && <HostsPage />}
          {route.page === 'rehearse' && <RehearsePage />}
          {route.page === 'missing' && (
            <div className="page">
              <h1>{text.app.missing}</h1>
              <Link to={{ page: 'map' }}>{text.app.toMap}</Link>
            </div>
          )}
        </Suspense>
      </main>
      <Announcer />
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </>
  );
}

/** What the browser's tab is called. */
function titleOf(text: Text, route: Route): string | undefined {
  switch (route.page) {
    case 'service':
      return route.name;
    case 'policies':
      return text.policies.title(route.about);
    case 'traces':
    case 'trace':
    case 'top':
      return text.observe[route.page];
    case 'incidents':
      return text.incident.title;
    case 'releases':
      return text.releases.title;
    case 'flows':
      return text.flows.title;
    case 'jobs':
      return text.jobs.title;
    case 'rehearse':
      return text.rehearse.title;
    case 'queues':
      return text.queues.title;
    case 'registry':
      return text.registry.title;
    case 'streams':
      return text.streams.title;
    case 'config':
    case 'locks':
    case 'store':
      return text.shared[route.page];
    case 'objectives':
      return text.sight.objectives;
    case 'logs':
    case 'now':
    case 'query':
    case 'why':
    case 'checkup':
      return text.care[route.page];
    case 'history':
    case 'events':
    case 'traffic':
    case 'hosts':
      return text.app[route.page];
    default:
      return undefined;
  }
}

const chords: Readonly<Record<string, Route>> = {
  m: { page: 'map' },
  t: { page: 'traffic' },
  r: { page: 'traces', search: {} },
  n: { page: 'top', of: 'operations', window: '5m' },
  l: { page: 'logs', search: {} },
  w: { page: 'now' },
  q: { page: 'query', query: '', span: '15m' },
  i: { page: 'incidents' },
  c: { page: 'checkup' },
  o: { page: 'hosts' },
  j: { page: 'jobs' },
  v: { page: 'releases' },
  h: { page: 'history' },
  e: { page: 'events' },
  b: { page: 'objectives' },
};

/** After `g`, the second key must come within this time. */
const chordMs = 1200;

/** Keys that work on every page, unless the user is typing. */
function useShortcuts(onHelp: () => void): void {
  useEffect(() => {
    let chordAt = -Infinity;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if ((event.target as HTMLElement).closest('input, select, textarea, dialog')) return;
      const key = event.key.toLowerCase();
      const page = event.timeStamp - chordAt < chordMs ? chords[key] : undefined;
      chordAt = key === 'g' ? event.timeStamp : -Infinity;
      if (page) go(page);
      else if (key === '?') onHelp();
      else if (key === '/') document.querySelector<HTMLElement>('[data-search]')?.focus();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
