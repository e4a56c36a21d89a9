import type { RecipeRow } from './useRecipeRows.ts';

/** Names and values of a recipe. */
export function RecipeRows({ rows }: { rows: readonly RecipeRow[] }) {
  return (
    <dl>
      {rows.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
