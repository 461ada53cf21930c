using System.Data.Common;
using System.Globalization;

namespace Mainstay.Client;

/// <summary>Statements over ADO.NET, as SQLite and PostgreSQL both understand them.</summary>
static class Sql
{
    /// <summary>Rows that it changed.</summary>
    public static async Task<int> RunAsync(this DbConnection connection, DbTransaction? transaction, string text, CancellationToken stop, params (string Name, object? Value)[] values)
    {
        await using var command = Command(connection, transaction, text, values);
        return await command.ExecuteNonQueryAsync(stop);
    }

    /// <summary>The number in the first column of the first row; 0 where there is none.</summary>
    public static async Task<long> NumberAsync(this DbConnection connection, string text, CancellationToken stop, params (string Name, object? Value)[] values)
    {
        await using var command = Command(connection, null, text, values);
        return await command.ExecuteScalarAsync(stop) is { } value and not DBNull ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>A whole number, in whatever size the provider has it.</summary>
    public static long Number(DbDataReader rows, int column) => Convert.ToInt64(rows.GetValue(column), CultureInfo.InvariantCulture);

    /// <summary>Makes a table where there is none, also where another process makes it at the same time.</summary>
    public static async Task MakeAsync(this DbConnection connection, string create, string table, CancellationToken stop)
    {
        try
        {
            await connection.RunAsync(null, create, stop);
        }
        catch (DbException)
        {
            // PostgreSQL lets one of two win and tells the other; then the table is there.
            await connection.NumberAsync($"SELECT count(*) FROM {table} WHERE 1 = 0", stop);
        }
    }

    public static DbCommand Command(DbConnection connection, DbTransaction? transaction, string text, params (string Name, object? Value)[] values)
    {
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (text, transaction);
        foreach (var (name, value) in values)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>Whether it is PostgreSQL; SQLite otherwise.</summary>
    public static bool IsPostgres(DbConnection connection) => connection.GetType().FullName?.StartsWith("Npgsql.", StringComparison.Ordinal) == true;
}
