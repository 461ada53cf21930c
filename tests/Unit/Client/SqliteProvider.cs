using System.Collections;
using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using SQLitePCL;

namespace Mainstay.Tests.Client;

/// <summary>SQLite by ADO.NET, as far as services under test use it: over the raw library, since no provider is at hand.</summary>
sealed class SqliteProvider : DbConnection
{
    readonly sqlite3 handle;

    SqliteProvider(sqlite3 handle) => this.handle = handle;

    public static SqliteProvider Open(string path)
    {
        Batteries_V2.Init();
        if (raw.sqlite3_open(path, out var handle) != raw.SQLITE_OK) throw new SqliteError(raw.sqlite3_errmsg(handle).utf8_to_string());
        raw.sqlite3_busy_timeout(handle, 30_000);
        return new(handle);
    }

    internal sqlite3 Handle => handle;

    [AllowNull]
    public override string ConnectionString { get; set; } = "";

    public override string Database => "main";

    public override string DataSource => "";

    public override string ServerVersion => raw.sqlite3_libversion().utf8_to_string();

    public override ConnectionState State => ConnectionState.Open;

    public override void ChangeDatabase(string databaseName) => throw new NotSupportedException();

    public override void Close() => handle.Dispose();

    public override void Open()
    {
    }

    internal void Run(string text)
    {
        if (raw.sqlite3_exec(handle, text) != raw.SQLITE_OK) throw new SqliteError(raw.sqlite3_errmsg(handle).utf8_to_string());
    }

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel)
    {
        Run("BEGIN IMMEDIATE");
        return new Transaction(this);
    }

    protected override DbCommand CreateDbCommand() => new SqliteCommandOf(this);

    protected override void Dispose(bool disposing)
    {
        handle.Dispose();
        base.Dispose(disposing);
    }

    sealed class Transaction(SqliteProvider connection) : DbTransaction
    {
        bool ended;

        public override IsolationLevel IsolationLevel => IsolationLevel.Serializable;

        protected override DbConnection DbConnection => connection;

        public override void Commit()
        {
            connection.Run("COMMIT");
            ended = true;
        }

        public override void Rollback()
        {
            connection.Run("ROLLBACK");
            ended = true;
        }

        protected override void Dispose(bool disposing)
        {
            if (!ended) Rollback();
            base.Dispose(disposing);
        }
    }
}

sealed class SqliteError(string why) : DbException(why);

sealed class SqliteCommandOf(SqliteProvider connection) : DbCommand
{
    readonly SqliteParameters parameters = new();

    [AllowNull]
    public override string CommandText { get; set; } = "";

    public override int CommandTimeout { get; set; }

    public override CommandType CommandType { get; set; } = CommandType.Text;

    public override bool DesignTimeVisible { get; set; }

    public override UpdateRowSource UpdatedRowSource { get; set; }

    protected override DbConnection? DbConnection { get => connection; set { } }

    protected override DbParameterCollection DbParameterCollection => parameters;

    protected override DbTransaction? DbTransaction { get; set; }

    public override void Cancel()
    {
    }

    public override void Prepare()
    {
    }

    public override int ExecuteNonQuery()
    {
        Rows();
        return raw.sqlite3_changes(connection.Handle);
    }

    public override object? ExecuteScalar() => Rows() is [var first, ..] ? first[0] : null;

    protected override DbParameter CreateDbParameter() => new SqliteParameterOf();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => Table().CreateDataReader();

    DataTable Table()
    {
        var rows = Rows();
        var table = new DataTable();
        for (var column = 0; column < (rows is [var first, ..] ? first.Length : 0); column++) table.Columns.Add($"c{column}", rows[0][column].GetType() == typeof(DBNull) ? typeof(string) : rows[0][column].GetType());
        foreach (var row in rows) table.Rows.Add(row);
        return table;
    }

    List<object[]> Rows()
    {
        if (raw.sqlite3_prepare_v2(connection.Handle, CommandText, out var statement) != raw.SQLITE_OK) throw new SqliteError(raw.sqlite3_errmsg(connection.Handle).utf8_to_string());
        using (statement)
        {
            foreach (SqliteParameterOf one in parameters)
            {
                var at = raw.sqlite3_bind_parameter_index(statement, "@" + one.ParameterName);
                _ = one.Value switch
                {
                    long or int => raw.sqlite3_bind_int64(statement, at, Convert.ToInt64(one.Value)),
                    null or DBNull => raw.sqlite3_bind_null(statement, at),
                    var value => raw.sqlite3_bind_text(statement, at, value.ToString()),
                };
            }

            List<object[]> rows = [];
            int code;
            while ((code = raw.sqlite3_step(statement)) == raw.SQLITE_ROW)
            {
                rows.Add([.. Enumerable.Range(0, raw.sqlite3_column_count(statement)).Select(c => (object)(raw.sqlite3_column_type(statement, c) switch
                {
                    raw.SQLITE_INTEGER => raw.sqlite3_column_int64(statement, c),
                    raw.SQLITE_NULL => DBNull.Value,
                    _ => raw.sqlite3_column_text(statement, c).utf8_to_string(),
                }))]);
            }

            return code == raw.SQLITE_DONE ? rows : throw new SqliteError(raw.sqlite3_errmsg(connection.Handle).utf8_to_string());
        }
    }
}

sealed class SqliteParameterOf : DbParameter
{
    public override DbType DbType { get; set; }

    public override ParameterDirection Direction { get; set; }

    public override bool IsNullable { get; set; }

    [AllowNull]
    public override string ParameterName { get; set; } = "";

    public override int Size { get; set; }

    [AllowNull]
    public override string SourceColumn { get; set; } = "";

    public override bool SourceColumnNullMapping { get; set; }

    public override object? Value { get; set; }

    public override void ResetDbType()
    {
    }
}

sealed class SqliteParameters : DbParameterCollection
{
    readonly List<object> all = [];

    public override int Count => all.Count;

    public override object SyncRoot => all;

    public override int Add(object value)
    {
        all.Add(value);
        return all.Count - 1;
    }

    public override void AddRange(Array values) => all.AddRange(values.Cast<object>());

    public override void Clear() => all.Clear();

    public override bool Contains(object value) => all.Contains(value);

    public override bool Contains(string value) => IndexOf(value) >= 0;

    public override void CopyTo(Array array, int index) => ((ICollection)all).CopyTo(array, index);

    public override IEnumerator GetEnumerator() => all.GetEnumerator();

    public override int IndexOf(object value) => all.IndexOf(value);

    public override int IndexOf(string parameterName) => all.FindIndex(p => ((DbParameter)p).ParameterName == parameterName);

    public override void Insert(int index, object value) => all.Insert(index, value);

    public override void Remove(object value) => all.Remove(value);

    public override void RemoveAt(int index) => all.RemoveAt(index);

    public override void RemoveAt(string parameterName) => all.RemoveAt(IndexOf(parameterName));

    protected override DbParameter GetParameter(int index) => (DbParameter)all[index];

    protected override DbParameter GetParameter(string parameterName) => (DbParameter)all[IndexOf(parameterName)];

    protected override void SetParameter(int index, DbParameter value) => all[index] = value;

    protected override void SetParameter(string parameterName, DbParameter value) => all[IndexOf(parameterName)] = value;
}
