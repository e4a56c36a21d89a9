import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { type RecipeRow, useRecipeRows } from '../../components/useRecipeRows.ts';
import type { Pair } from './CompareDialog.tsx';

/** What differs between the recipes; what is the same is folded. */
export function SettingsDifference({ first, second }: Pair) {
  const { t } = useTranslation('compare');
  const rows = pairUp(useRecipeRows(), first, second);
  const differing = rows.filter((row) => row.first !== row.second);
  const same = rows.filter((row) => row.first === row.second);
  return (
    <aside className="compare-settings" aria-label={t('settings')}>
      <h3>{t('settings')}</h3>
      {differing.length === 0 ? <p>{t('noDifference')}</p> : <DifferenceTable rows={differing} />}
      {same.length > 0 && (
        <details>
          <summary>{t('sameInBoth')}</summary>
          <dl>
            {same.map((row) => (
              <div key={row.name}>
                <dt>{row.name}</dt>
                <dd>{row.first}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      <p className="compare-keys">{t('keys')}</p>
    </aside>
  );
}

interface Row {
  name: string;
  first: string;
  second: string;
}

function DifferenceTable({ rows }: { rows: Row[] }) {
  const { t } = useTranslation('compare');
  return (
    <table>
      <thead>
        <tr>
          <td />
          <th scope="col">{t('first')}</th>
          <th scope="col">{t('second')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <th scope="row">{row.name}</th>
            <td>{row.first}</td>
            <td>{row.second}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const NONE = '–';

function pairUp(rowsOf: (version: Version) => RecipeRow[], first: Version, second: Version): Row[] {
  const [left, right] = [rowsOf(first), rowsOf(second)].map(
    (rows) => new Map(rows.map(({ name, value }) => [name, value])),
  );
  const names = new Set([...left!.keys(), ...right!.keys()]);
  return [...names].map((name) => ({
    name,
    first: left!.get(name) ?? NONE,
    second: right!.get(name) ?? NONE,
  }));
}
