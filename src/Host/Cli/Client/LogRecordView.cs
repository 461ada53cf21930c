namespace Mainstay.Host.Cli.Client;

/// <summary>Log records, newest first.</summary>
/// <param name="Complete">False where older ones were not looked at.</param>
sealed record LogRecords(IReadOnlyList<LogRecordView> Items, bool Complete);

/// <summary>A log record, as the command line reads it.</summary>
sealed record LogRecordView(
    DateTimeOffset At, string Service, string Instance, int Severity, string Level, string Message, string? Trace, IReadOnlyList<LogAttribute>? Attributes);

/// <summary>An attribute of a record.</summary>
sealed record LogAttribute(string Key, string Value);

/// <summary>Similar lines together.</summary>
sealed record LogPatternList(DateTimeOffset? Since, int Total, IReadOnlyList<LogPatternLine> Items);

/// <summary>A pattern, and whether it is new.</summary>
sealed record LogPatternLine(LogPatternView Pattern, bool IsNew);

/// <summary>What is known of a pattern.</summary>
sealed record LogPatternView(string Id, string Service, string Text, int Severity, long Count, DateTimeOffset First, DateTimeOffset Last, IReadOnlyList<int> LastHour, string Example);
