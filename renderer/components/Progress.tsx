import './controls.css';

interface Props {
  label: string;
  /** What is said in place of a bare number. */
  text: string;
  /** 0 to 1; null while it can't be counted. */
  share: number | null;
}

export function Progress({ label, text, share }: Props) {
  const value = share === null ? {} : { 'aria-valuenow': Math.round(share * 100) };
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuetext={text}
      aria-valuemin={0}
      aria-valuemax={100}
      {...value}
      className={share === null ? 'progress progress-open' : 'progress'}
    >
      <span style={share === null ? undefined : { transform: `scaleX(${share})` }} />
    </div>
  );
}
