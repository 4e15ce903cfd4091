import { quoteLiteral } from './quoting.js';

/** What `pgaadauth_create_principal_with_oid` calls a principal. */
export type PrincipalType = 'user' | 'group' | 'service';

/** A person, group or application of the tenant that a role can be made for. */
export interface DatabasePrincipal {
  name: string;
  objectId: string;
  type: PrincipalType;
}

/** What the label of a role tells about its principal. */
export interface RolePrincipal {
  objectId: string;
  type: PrincipalType;
  isAdmin: boolean;
}

/** SQL that makes the principals of the tenant known to `pgaadauth_create_principal`, in the database `postgres`. */
export function directoryEntries(
  directory: readonly DatabasePrincipal[],
  tenantId: string | undefined,
): string {
  const rows = directory.map(
    ({ name, objectId, type }) => `(${[name, objectId, type].map(quoteLiteral).join(', ')})`,
  );
  const tenant = `INSERT INTO pgaadauth.tenant VALUES (${quoteLiteral(tenantId ?? '')});`;
  return rows.length === 0 ? tenant : `${tenant} INSERT INTO pgaadauth.directory VALUES ${rows.join(', ')};`;
}

/** SQL for the label of a role, in any database. */
export const labelOfRole =
  "SELECT label FROM pg_shseclabel s JOIN pg_authid r ON r.oid = s.objoid AND s.classoid = 'pg_authid'::regclass " +
  "WHERE provider = 'pgaadauth' AND rolname = $1";

/** The label as Azure writes it: `aadauth,oid=…,type=service,admin`. */
export function securityLabel({ objectId, type, isAdmin }: RolePrincipal): string {
  return `aadauth,oid=${objectId},type=${type}${isAdmin ? ',admin' : ''}`;
}

/** Reads such a label; undefined without an object ID. */
export function parseSecurityLabel(label: string): RolePrincipal | undefined {
  const words = label.split(',');
  const valueOf = (name: string): string | undefined =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const objectId = valueOf('oid');
  const type = valueOf('type') as PrincipalType | undefined;
  return objectId === undefined
    ? undefined
    : { objectId, type: type ?? 'user', isAdmin: words.includes('admin') };
}

/**
 * What takes the place of the label provider `pgaadauth`, in every database: the real one is a module in C. The gateway
 * calls it for `SECURITY LABEL FOR pgaadauth ON ROLE`. Labels are rows of `pg_shseclabel`, so that they go with the role.
 */
export const labelProcedure = `
CREATE PROCEDURE pg_catalog.pgaadauth_set_label(rolename text, label text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE target oid := (SELECT oid FROM pg_authid WHERE rolname = rolename);
BEGIN
  IF target IS NULL THEN
    RAISE EXCEPTION 'role "%" does not exist', rolename USING ERRCODE = '42704';
  END IF;
  IF NOT pg_has_role(session_user, 'azure_pg_admin', 'member') THEN
    RAISE EXCEPTION 'permission denied to label role "%"', rolename USING ERRCODE = '42501';
  END IF;
  IF label !~ '^aadauth(,(oid=[^,]+|type=(user|group|service)|admin|mfa))*$' OR label !~ ',oid=' THEN
    RAISE EXCEPTION 'Invalid security label "%".', label USING ERRCODE = '22023';
  END IF;
  DELETE FROM pg_shseclabel
  WHERE objoid = target AND classoid = 'pg_authid'::regclass AND provider = 'pgaadauth';
  IF label IS NOT NULL THEN
    INSERT INTO pg_shseclabel VALUES (target, 'pg_authid'::regclass, 'pgaadauth', label);
  END IF;
END $$;
`;

/**
 * The functions of Azure's extension `pgaadauth`, for the database `postgres`. As in Azure they run with the rights of
 * their caller, who then administers the role.
 *
 * @see https://learn.microsoft.com/azure/postgresql/security/security-manage-entra-users
 */
export const principalFunctions = `
CREATE SCHEMA pgaadauth;
CREATE TABLE pgaadauth.directory (name text, objectid text, type text);
CREATE TABLE pgaadauth.tenant (id text);
CREATE FUNCTION pgaadauth.find(rolename text) RETURNS pgaadauth.directory
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE entry pgaadauth.directory;
BEGIN
  SELECT * INTO entry FROM pgaadauth.directory WHERE name = rolename;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Could not validate AAD user % because its name is not found in the tenant.', rolename
    USING ERRCODE = '22023';
  END IF;
  RETURN entry;
END $$;
CREATE FUNCTION pg_catalog.pgaadauth_update_principal_with_oid(
  rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  CALL pgaadauth_set_label(rolename, concat('aadauth,oid=', objectid, ',type=', objecttype,
    CASE WHEN isadmin THEN ',admin' END, CASE WHEN ismfa THEN ',mfa' END));
  RETURN format('Updated role for %I', rolename);
END $$;
CREATE FUNCTION pg_catalog.pgaadauth_create_principal_with_oid(
  rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF isadmin THEN
    EXECUTE format('CREATE ROLE %I LOGIN CREATEROLE CREATEDB', rolename);
    EXECUTE format('GRANT azure_pg_admin TO %I WITH ADMIN OPTION', rolename);
  ELSE
    EXECUTE format('CREATE ROLE %I LOGIN', rolename);
  END IF;
  PERFORM pgaadauth_update_principal_with_oid(rolename, objectid, objecttype, isadmin, ismfa);
  RETURN format('Created role for %I', rolename);
END $$;
CREATE FUNCTION pg_catalog.pgaadauth_create_principal(rolename text, isadmin boolean, ismfa boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE entry pgaadauth.directory := pgaadauth.find(rolename);
BEGIN
  RETURN pgaadauth_create_principal_with_oid(rolename, entry.objectid, entry.type, isadmin, ismfa);
END $$;
CREATE FUNCTION pg_catalog.pgaadauth_list_principals(isadminvalue boolean)
RETURNS TABLE (rolname text, principaltype text, objectid text, tenantid text, ismfa int, isadmin int)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT r.rolname::text, substring(label from 'type=(\\w+)'), substring(label from 'oid=([^,]+)'),
    (SELECT id FROM pgaadauth.tenant), (label ~ ',mfa(,|$)')::int, (label ~ ',admin(,|$)')::int
  FROM pg_shseclabel s JOIN pg_authid r ON r.oid = s.objoid AND s.classoid = 'pg_authid'::regclass
  WHERE provider = 'pgaadauth' AND (label ~ ',admin(,|$)' OR NOT isadminvalue)
$$;
REVOKE ALL ON FUNCTION pg_catalog.pgaadauth_create_principal_with_oid, pg_catalog.pgaadauth_create_principal,
  pg_catalog.pgaadauth_update_principal_with_oid, pg_catalog.pgaadauth_list_principals, pgaadauth.find FROM PUBLIC;
GRANT USAGE ON SCHEMA pgaadauth TO azure_pg_admin;
GRANT EXECUTE ON FUNCTION pg_catalog.pgaadauth_create_principal_with_oid, pg_catalog.pgaadauth_create_principal,
  pg_catalog.pgaadauth_update_principal_with_oid, pg_catalog.pgaadauth_list_principals, pgaadauth.find
  TO azure_pg_admin;
`;
