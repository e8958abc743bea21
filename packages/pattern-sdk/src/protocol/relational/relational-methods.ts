import { statementMethods } from "./statement-methods.js";
import { transactMethods } from "./transact-methods.js";

/** The methods of `prism.relational.v1.RelationalService` on top of the namespaces' `Relational`, by name. */
export const relationalMethods = { ...statementMethods, ...transactMethods };
