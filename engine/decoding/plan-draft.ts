/**
 * Guesses how a row of a plan goes on, so that one pass of the model can check several tokens: a run of equal tokens
 * goes on, and steps from token to token repeat those of the row above. A wrong guess costs a little time and nothing
 * else, since each token is still drawn from the model's own scores behind the tokens that were really drawn.
 */

/** Below this share of right guesses a draft is one token long, and only tried at a row's start. */
const WORTH_DRAFTING = 0.2;
/** Weight of the newest draft in the share. */
const FRESHNESS = 0.2;

export class PlanDraft {
  private share = 0.5;

  /** @param allowed ids a plan may hold, the end excluded */
  constructor(
    private readonly columns: number,
    private readonly allowed: { first: number; end: number },
  ) {}

  /**
   * @param row ids so far, one at least
   * @param above ids of the row above, if there is one
   * @returns up to the rest of the row
   */
  guess(row: readonly number[], above: readonly number[] | undefined): number[] {
    const rest = this.columns - row.length;
    const length = this.share >= WORTH_DRAFTING ? rest : Math.min(rest, row.length === 1 ? 1 : 0);
    const guessed = [...row];
    for (let i = 0; i < length; i++) guessed.push(this.next(guessed, above));
    return guessed.slice(row.length);
  }

  /** @param drafted tokens that were checked, `right` of them as guessed */
  learn(drafted: number, right: number): void {
    if (drafted > 0) this.share += FRESHNESS * (right / drafted - this.share);
  }

  private next(row: readonly number[], above: readonly number[] | undefined): number {
    const column = row.length;
    const last = row[column - 1]!;
    const step = above ? above[column]! - above[column - 1]! : last - (row[column - 2] ?? last);
    const guess = last + step;
    return guess >= this.allowed.first && guess < this.allowed.end ? guess : last;
  }
}
