import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { live } from './api/live';
import { App } from './App';
import { startSettings } from './parts/settings';
import './styles/tokens.css';
import './styles/base.css';
import './styles/map.css';
import './styles/pages.css';
import './styles/forms.css';
import './styles/observe.css';
import './styles/care.css';
import './styles/flows.css';
import './styles/sight.css';
import './styles/releases.css';

startSettings();
live.start();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
