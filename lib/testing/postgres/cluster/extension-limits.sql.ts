import { LocalPostgresError } from '../local-postgres.error.js';

/** The parameter of Azure's servers that lists the extensions that may be created. */
export const EXTENSIONS_PARAMETER = 'azure.extensions';

/**
 * The value of that parameter.
 *
 * @throws LocalPostgresError `option-not-valid`
 */
export function allowList(extensions: readonly string[]): string {
  const wrong = extensions.find((name) => !/^[a-z][\w-]*$/i.test(name));
  if (wrong === undefined) return extensions.map((name) => name.toLowerCase()).join(',');
  throw new LocalPostgresError(
    'option-not-valid',
    `Invalid option "postgres.extensions": "${wrong}". Give names of extensions, such as "pgcrypto".`,
  );
}

/**
 * What stands for Azure's check of `CREATE EXTENSION` and `DROP EXTENSION`, in every database. A trigger that fires at the
 * start knows the name only from the text of the query; the one at the end sees what was made, however it was asked for.
 * The list is read from the files of the server, since every session can set the parameter for itself.
 *
 * @see https://learn.microsoft.com/azure/postgresql/extensions/errors-extensions
 */
export const extensionLimits = `
CREATE FUNCTION pg_catalog.azure_extension_is_listed(extension text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT lower(extension) = ANY (string_to_array((
    SELECT setting FROM pg_file_settings WHERE name = '${EXTENSIONS_PARAMETER}' ORDER BY seqno DESC LIMIT 1
  ), ','))
$$;
CREATE PROCEDURE pg_catalog.azure_refuse_extension(extension text)
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'extension "%" is not allow-listed for users in Azure Database for PostgreSQL', extension
  USING ERRCODE = '0A000', HINT = 'to learn how to allow an extension or see the list of allowed extensions, '
    'please refer to https://go.microsoft.com/fwlink/?linkid=2301063';
END $$;
CREATE FUNCTION pg_catalog.azure_before_extension() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  query text := regexp_replace(current_query(), '/\\*.*?\\*/|--[^\\n]*', ' ', 'g');
  words text[] := regexp_match(query, '^\\s*create\\s+extension\\s+(?:if\\s+not\\s+exists\\s+)?("[^"]+"|\\w+)', 'i');
  extension text := trim('"' FROM words[1]);
BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RETURN;
  END IF;
  IF NOT pg_has_role(current_user, 'azure_pg_admin', 'member') THEN
    RAISE EXCEPTION 'Only members of "azure_pg_admin" are allowed to use %', tg_tag USING ERRCODE = '42501';
  END IF;
  IF NOT azure_extension_is_listed(extension) THEN
    CALL azure_refuse_extension(extension);
  END IF;
END $$;
CREATE FUNCTION pg_catalog.azure_after_extension() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  unlisted text := (
    SELECT min(extname) FROM pg_extension JOIN pg_roles r ON r.oid = extowner
    WHERE NOT rolsuper AND NOT azure_extension_is_listed(extname));
BEGIN
  IF unlisted IS NOT NULL THEN
    CALL azure_refuse_extension(unlisted);
  END IF;
END $$;
CREATE EVENT TRIGGER azure_before_extension ON ddl_command_start
  WHEN TAG IN ('CREATE EXTENSION', 'DROP EXTENSION') EXECUTE FUNCTION pg_catalog.azure_before_extension();
CREATE EVENT TRIGGER azure_after_extension ON ddl_command_end
  WHEN TAG IN ('CREATE EXTENSION') EXECUTE FUNCTION pg_catalog.azure_after_extension();
`;
