import type { Text } from './i18n';
import type { Route } from './route';

/** A page as the navigation shows it, with the pages that one gets to from it. */
export interface NavigationPage {
  to: Route;
  label: (text: Text) => string;
  /** Pages besides its own under which it is marked. */
  over?: readonly Route['page'][];
}

/** Pages of one plane; a group of one page is that page. */
export interface NavigationGroup {
  label: (text: Text) => string;
  pages: readonly NavigationPage[];
}

/** All of the navigation, in its order: what one looks at first, then plane by plane. */
export const navigation: readonly NavigationGroup[] = [
  { label: (text) => text.app.map, pages: [{ to: { page: 'map' }, label: (text) => text.app.map, over: ['service'] }] },
  { label: (text) => text.care.now, pages: [{ to: { page: 'now' }, label: (text) => text.care.now, over: ['incidents', 'why'] }] },
  { label: (text) => text.app.traffic, pages: [{ to: { page: 'traffic' }, label: (text) => text.app.traffic, over: ['policies'] }] },
  {
    label: (text) => text.app.observe,
    pages: [
      { to: { page: 'traces', search: {} }, label: (text) => text.observe.traces, over: ['trace'] },
      { to: { page: 'logs', search: {} }, label: (text) => text.care.logs },
      { to: { page: 'top', of: 'operations', window: '5m' }, label: (text) => text.observe.top },
      { to: { page: 'query', query: '', span: '15m' }, label: (text) => text.care.query },
      { to: { page: 'checkup' }, label: (text) => text.care.checkup },
      { to: { page: 'objectives' }, label: (text) => text.sight.objectives },
    ],
  },
  {
    label: (text) => text.app.schedule,
    pages: [
      { to: { page: 'registry' }, label: (text) => text.registry.title },
      { to: { page: 'hosts' }, label: (text) => text.app.hosts },
      { to: { page: 'releases' }, label: (text) => text.releases.title },
      { to: { page: 'jobs' }, label: (text) => text.jobs.title },
      { to: { page: 'rehearse' }, label: (text) => text.rehearse.title },
    ],
  },
  {
    label: (text) => text.app.state,
    pages: [
      { to: { page: 'flows' }, label: (text) => text.flows.title },
      { to: { page: 'queues' }, label: (text) => text.queues.title },
      { to: { page: 'streams' }, label: (text) => text.streams.title },
      { to: { page: 'config' }, label: (text) => text.shared.config },
      { to: { page: 'locks' }, label: (text) => text.shared.locks },
      { to: { page: 'store' }, label: (text) => text.shared.store },
    ],
  },
  {
    label: (text) => text.app.history,
    pages: [
      { to: { page: 'history' }, label: (text) => text.app.versions },
      { to: { page: 'events' }, label: (text) => text.app.events },
    ],
  },
];

/** Whether a page of the navigation is where the user is. */
export const isAt = (page: NavigationPage, here: Route): boolean => page.to.page === here.page || (page.over?.includes(here.page) ?? false);

/** The group that the user is in; none for a page that does not exist. */
export const groupOf = (here: Route): NavigationGroup | undefined => navigation.find((group) => group.pages.some((page) => isAt(page, here)));
