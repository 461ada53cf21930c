namespace Mainstay.Observe.Numbers;

/// <summary>A statement and a public API of which requests run it, over a window.</summary>
/// <param name="Service">Who sends the statement.</param>
/// <param name="Statement">Without its literals.</param>
/// <param name="ApiService">Where the request came in: the service of the first span of its trace that serves something. Empty where no such span came.</param>
/// <param name="Api">The operation there.</param>
/// <param name="Requests">Requests of the API that ran it.</param>
/// <param name="ApiShare">Which part of the API's requests they are, 0 to 1.</param>
/// <param name="CallsPerRequest">How often a request that ran it did so: more than 1 is a statement in a loop.</param>
/// <param name="StatementShare">Which part of the statement's time is this API's, 0 to 1.</param>
/// <param name="TimeShare">Which part of the API's time the statement takes; more than 1 where it runs beside itself.</param>
/// <param name="Exemplar">The trace of the slowest in the newest part of the window; null where there is none.</param>
public sealed record StatementPath(
    string Service, string Statement, string ApiService, string Api, long Calls, long Requests, double ApiShare, double CallsPerRequest, double ErrorRatio, double HeatSeconds,
    double StatementShare, double TimeShare, string? Exemplar);
