import { live } from '../api/live';
import { groupOf, isAt, navigation } from '../domain/pages';
import type { Route } from '../domain/route';
import { Icon, Mark } from './glyphs';
import { useCell } from './hooks';
import { Link } from './navigation';
import { nextTheme, switchLanguage, useText, useTheme } from './settings';

const themeIcons = { auto: 'auto', light: 'sun', dark: 'moon' } as const;

/** Name and version of the architecture, the groups of pages, the page's own settings, and below them the pages of the group that one is in. */
export function Header({ route, onHelp }: { route: Route; onHelp: () => void }) {
  const text = useText();
  const theme = useTheme();
  const here = groupOf(route);
  return (
    <>
      <header className="top">
        <Link to={{ page: 'map' }} className="brand" aria-label="Mainstay">
          <Mark />
          <span className="brand-name">Mainstay</span>
        </Link>
        <Architecture />
        <nav aria-label={text.app.pages}>
          {navigation.map((group) => (
            <Link key={group.pages[0]!.to.page} to={group.pages[0]!.to} aria-current={group !== here ? undefined : group.pages.length === 1 ? 'page' : 'true'}>
              {group.label(text)}
            </Link>
          ))}
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
      {here && here.pages.length > 1 && (
        <nav className="within" aria-label={here.label(text)}>
          {here.pages.map((page) => (
            <Link key={page.to.page} to={page.to} aria-current={isAt(page, route) ? 'page' : undefined}>
              {page.label(text)}
            </Link>
          ))}
        </nav>
      )}
    </>
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
