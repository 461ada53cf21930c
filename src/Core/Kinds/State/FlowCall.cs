namespace Mainstay.Core.Kinds.State;

/// <summary>
/// A call of a service through the mesh. It carries an <c>Idempotency-Key</c> made of run and step, the same in each try. 2xx is done; 429, 503 and a connection that was not made are tried again; 408, 500, 502, 504, a
/// broken connection and no answer in time leave the outcome unknown; every other status is a refusal, and the step has failed.
/// </summary>
public sealed record FlowCall
{
    /// <summary>The service.</summary>
    public required string To { get; init; }

    /// <summary>The method, in upper case. Default POST.</summary>
    public string Method { get; init; } = "POST";

    /// <summary>Path and query, with expressions in braces over <c>input</c>, <c>run.id</c> and the results of steps: <c>/orders/{reserve.body.id}</c>. What they give is escaped; one that gives nothing fails the step.</summary>
    public required string Path { get; init; }

    /// <summary>Headers, with expressions in braces. Default: none. At most 32.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>The JSON that is sent. A text that is one expression (<c>"{input.items}"</c>) becomes the value that it gives. Default: none.</summary>
    public FreeValue? Body { get; init; }

    /// <summary>Statuses beside 2xx that are done: 404 of a compensation says that nothing is there to take back. Default: none.</summary>
    public IReadOnlyList<int>? Accept { get; init; }
}

/// <summary>
/// Try, confirm, cancel: every service is asked to reserve; once all have, all are told to confirm, again and again until they do, and there is no way back; where one cannot, all that were asked are told to cancel, those too whose answer is not
/// known. Each call carries <c>Mainstay-Branch</c>, <c>Mainstay-Phase</c> and <c>Mainstay-Expires</c>, from which the fence of Mainstay.Client tells repeats, a cancel before its try, and a try after its cancel.
/// </summary>
public sealed record FlowTcc
{
    /// <summary>The most participants.</summary>
    public const int Most = 16;

    /// <summary>Who reserves, by name. 2 to 16.</summary>
    public required IReadOnlyDictionary<string, FlowParticipant> Participants { get; init; }

    /// <summary>How long all may take to reserve, with all tries. Default 30s; 1s to 1d.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long reservations are held, counted from the beginning of the step; told to the services. Default 10m; twice <c>within</c> to 30d.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>A service that takes part.</summary>
public sealed record FlowParticipant
{
    /// <summary>Reserves.</summary>
    public required FlowCall Try { get; init; }

    /// <summary>Makes the reservation final. Its expressions see the result of the try as <c>tried</c>.</summary>
    public required FlowCall Confirm { get; init; }

    /// <summary>Gives the reservation up; has to succeed where there is none. Its expressions see <c>tried</c>, which is null where the try's answer is not known.</summary>
    public required FlowCall Cancel { get; init; }
}
