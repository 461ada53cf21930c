namespace Mainstay.Host.Cli.Client;

/// <summary>A trace, as the command line reads it.</summary>
sealed record TraceView(string Id, DateTimeOffset At, double DurationMs, string Service, string Name, int Errors, int Missing, IReadOnlyList<TraceSpan> Spans);

/// <summary>A span of a trace's tree.</summary>
sealed record TraceSpan(string Id, int Depth, string Service, string Name, string Kind, bool Error, string Message, double StartMs, double DurationMs, double SelfMs, bool Critical);

/// <summary>Traces in a list.</summary>
sealed record TraceList(IReadOnlyList<TraceSummary> Items, bool Complete = true);

/// <summary>A trace in one line.</summary>
sealed record TraceSummary(string Id, DateTimeOffset At, double DurationMs, string Service, string Name, int Spans, int Services, int Errors);

/// <summary>Pairs of statement and public API.</summary>
sealed record PathList(IReadOnlyList<PathRow> Items);

/// <summary>A statement and an API that runs it.</summary>
public sealed record PathRow(
    string Service, string Statement, string ApiService, string Api, long Calls, long Requests, double ApiShare, double CallsPerRequest, double ErrorRatio, double HeatSeconds,
    double StatementShare, double TimeShare, string? Exemplar = null);

/// <summary>Which API calls which.</summary>
sealed record ApiCalls(int Traces, IReadOnlyList<ApiCallRow> Edges);

/// <summary>An API and one that it calls.</summary>
sealed record ApiCallRow(string From, string FromApi, string To, string ToApi, int Calls, double CallsPerRequest, double Share, double ErrorRatio, double P50Ms, double P99Ms, string Trace);

/// <summary>A top list.</summary>
sealed record TopList(IReadOnlyList<TopRow> Items);

/// <summary>A line of a top list.</summary>
sealed record TopRow(
    string Service, string Name, int Instances, long Calls, double CallsPerSecond, double ErrorRatio, double P50Ms, double P99Ms, double HeatSeconds, string? Exemplar, double? Apdex = null);
