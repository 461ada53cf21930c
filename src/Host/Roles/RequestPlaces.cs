using Mainstay.Core.Requests;
using Mainstay.State.Requests;

namespace Mainstay.Host.Roles;

/// <summary>Where gateways remember requests that are done once or later: a file of this machine, or a PostgreSQL that gateways of several machines share.</summary>
static class RequestPlaces
{
    /// <summary>The variable with the address of the database, <c>postgres://USER@HOST:PORT/DATABASE</c>; unset for the file.</summary>
    public const string AddressVariable = "MAINSTAY_REQUESTS";

    /// <summary>The variable with its password: on a command line or in an address, others of the machine could see it.</summary>
    public const string PasswordVariable = "MAINSTAY_REQUESTS_PASSWORD";

    /// <summary>Opens it, and makes what is not there.</summary>
    public static IRequestLedger Open(DataLayout data, TimeProvider time) => Environment.GetEnvironmentVariable(AddressVariable) is { Length: > 0 } address
        ? PostgresRequests.Open(new() { Address = address, Password = Environment.GetEnvironmentVariable(PasswordVariable), Time = time })
        : SqliteRequests.Open(new() { Path = data.Requests, Time = time });

    /// <summary>Opens it where there is one; null where no gateway has remembered anything.</summary>
    public static IRequestLedger? OpenExisting(DataLayout data, TimeProvider time) =>
        Environment.GetEnvironmentVariable(AddressVariable) is { Length: > 0 } || File.Exists(data.Requests) ? Open(data, time) : null;
}
