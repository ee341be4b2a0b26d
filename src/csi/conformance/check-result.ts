/** What became of one check. */
export type CheckResult = { readonly name: string } & (
  | { readonly outcome: 'passed' }
  | {
      readonly outcome: 'failed';
      /** What is right, in words. */
      readonly expected: string;
      /** What came instead. */
      readonly received: string;
      /** The last calls, oldest first, with their answers: `csi.v1.Controller/DeleteVolume {...} -> OK {}`. */
      readonly calls: readonly string[];
    }
  | { readonly outcome: 'skipped'; readonly reason: string }
);
