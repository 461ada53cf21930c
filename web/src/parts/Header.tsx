import { live } from '../api/live';
import type { Route } from '../domain/route';
import { Icon, Mark } from './glyphs';
import { useCell } from './hooks';
import { Link } from './navigation';
import { nextTheme, switchLanguage, useText, useTheme } from './settings';

const themeIcons = { auto: 'auto', light: 'sun', dark: 'moon' } as const;

/** Name and version of the architecture, the pages, and the page's own settings. */
export function Header({ route, onHelp }: { route: Route; onHelp: () => void }) {
  const text = useText();
  const theme = useTheme();
  const page = (to: Route, label: string, here = route.page === to.page) => (
    <Link to={to} aria-current={here ? 'page' : undefined}>
      {label}
    </Link>
  );
  return (
    <header className="top">
      <Link to={{ page: 'map' }} className="brand" aria-label="Mainstay">
        <Mark />
        <span className="brand-name">Mainstay</span>
      </Link>
      <Architecture />
      <nav aria-label={text.app.pages}>
        {page({ page: 'map' }, text.app.map)}
        {page({ page: 'now' }, text.care.now, route.page === 'now' || route.page === 'incidents' || route.page === 'why')}
        {page({ page: 'traffic' }, text.app.traffic)}
        {page({ page: 'traces', search: {} }, text.observe.traces, route.page === 'traces' || route.page === 'trace')}
        {page({ page: 'logs', search: {} }, text.care.logs)}
        {page({ page: 'top', of: 'operations', window: '5m' }, text.observe.top)}
        {page({ page: 'query', query: '', span: '15m' }, text.care.query)}
        {page({ page: 'checkup' }, text.care.checkup)}
        {page({ page: 'objectives' }, text.sight.objectives)}
        {page({ page: 'hosts' }, text.app.hosts)}
        {page({ page: 'jobs' }, text.jobs.title)}
        {page({ page: 'history' }, text.app.history)}
        {page({ page: 'events' }, text.app.events)}
      </nav>
      <div className="top-tools">
        <ConnectionLight />
        <button type="button" className="bare" onClick={switchLanguage} aria-label={text.app.switchLanguage} title={text.app.switchLanguage} lang={text.language === '中文' ? 'en' : 'zh-CN'}>
          {text.language === '中文' ? 'EN' : '中'}
        </button>
        <button type="button" className="bare" onClick={nextTheme} aria-label={text.app.theme[theme]} title={text.app.theme[theme]} data-testid="theme">
          <Icon name={themeIcons[theme]} />
        </button>
        <button type="button" className="bare help-button" onClick={onHelp} aria-label={text.app.help} title={`${text.app.help} (?)`}>
          <Icon name="help" />
        </button>
      </div>
    </header>
  );
}

function Architecture() {
  const text = useText();
  const architecture = useCell(live.architecture);
  if (!architecture) return <div className="architecture" />;
  return (
    <div className="architecture">
      <strong>{architecture.title}</strong>
      {architecture.environment && <span className="tag">{architecture.environment}</span>}
      {architecture.version > 0 && (
        <Link to={{ page: 'history' }} className="quiet">
          {text.app.version(architecture.version)}
        </Link>
      )}
      {!architecture.running && <span className="tag tone-warn">{text.app.stopped}</span>}
    </div>
  );
}

function ConnectionLight() {
  const text = useText();
  const { state } = useCell(live.connection);
  const label = state === 'live' ? text.connection.live : state === 'connecting' ? text.connection.connecting : text.connection.offline;
  return (
    <span className={`light is-${state}`} data-testid="connection">
      <span aria-hidden="true" />
      {label}
    </span>
  );
}
