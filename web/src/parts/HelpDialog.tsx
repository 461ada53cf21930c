import { Dialog } from './Dialog';
import { useText } from './settings';

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const text = useText();
  return (
    <Dialog title={text.help.title} onClose={onClose}>
      <dl className="keys">
        {text.help.keys.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
