/** A change with which programs that know one of two schemas misread what programs that know the other wrote. */
export interface BreakingChange {
  /** The rule of `buf breaking` that forbids it, such as `FIELD_SAME_NAME`. */
  readonly rule: string;
  /** Where: the full name of the message or enum, and the field or value, such as `acme.UserEvents.user_id`. */
  readonly at: string;
  /** What it was and becomes, and what would be right where something would. */
  readonly message: string;
}
