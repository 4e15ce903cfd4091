import { quoteLiteral } from './role.sql.js';

/** A person, group or application of the tenant that a role can be made for. */
export interface DatabasePrincipal {
  name: string;
  objectId: string;
  type: 'service' | 'user';
}

/**
 * The functions of Azure's extension `pgaadauth`, for the database `postgres`. They keep what they were told in a table
 * that the gateway reads. The security label that Azure puts on each role needs a module in C, so there is none here.
 *
 * @see https://learn.microsoft.com/azure/postgresql/security/security-manage-entra-users
 */
export function principalFunctions(directory: readonly DatabasePrincipal[]): string {
  const known = directory.map(
    ({ name, objectId, type }) => `(${[name, objectId, type].map(quoteLiteral).join(', ')})`,
  );
  return `${definitions}${known.length === 0 ? '' : `INSERT INTO pgaadauth.directory VALUES ${known.join(', ')};`}`;
}

/** SQL for the object ID that a role was made for. */
export const principalOfRole = 'SELECT objectid FROM pgaadauth.principals WHERE rolname = $1';

const definitions = `
CREATE ROLE azure_pg_admin NOLOGIN CREATEROLE CREATEDB;
CREATE SCHEMA pgaadauth;
CREATE TABLE pgaadauth.directory (name text, objectid text, type text);
CREATE TABLE pgaadauth.principals (
  rolname text PRIMARY KEY, principaltype text, objectid text, ismfa boolean, isadmin boolean);
CREATE FUNCTION public.pgaadauth_create_principal_with_oid(
  rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF objecttype NOT IN ('user', 'group', 'service') THEN
    RAISE EXCEPTION 'Invalid object type "%".', objecttype USING ERRCODE = '22023';
  END IF;
  EXECUTE format('CREATE ROLE %I LOGIN%s', rolename, CASE WHEN isadmin THEN ' CREATEROLE CREATEDB IN ROLE azure_pg_admin' ELSE '' END);
  INSERT INTO pgaadauth.principals VALUES (rolename, objecttype, objectid, ismfa, isadmin);
  RETURN format('Created role for "%s"', rolename);
END $$;
CREATE FUNCTION public.pgaadauth_create_principal(rolename text, isadmin boolean, ismfa boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE entry record;
BEGIN
  SELECT * INTO entry FROM pgaadauth.directory WHERE name = rolename;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Principal "%" was not found in the tenant.', rolename USING ERRCODE = '22023';
  END IF;
  RETURN public.pgaadauth_create_principal_with_oid(rolename, entry.objectid, entry.type, isadmin, ismfa);
END $$;
CREATE FUNCTION public.pgaadauth_list_principals(isadminvalue boolean)
RETURNS TABLE (rolname text, principaltype text, objectid text, ismfa boolean, isadmin boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT p.rolname, p.principaltype, p.objectid, p.ismfa, p.isadmin
  FROM pgaadauth.principals p JOIN pg_roles USING (rolname) WHERE p.isadmin = isadminvalue OR NOT isadminvalue
$$;
REVOKE ALL ON FUNCTION public.pgaadauth_create_principal_with_oid, public.pgaadauth_create_principal,
  public.pgaadauth_list_principals FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.pgaadauth_create_principal_with_oid, public.pgaadauth_create_principal,
  public.pgaadauth_list_principals TO azure_pg_admin;
`;
