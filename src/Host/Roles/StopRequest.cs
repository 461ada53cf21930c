using Mainstay.Host.Cli;
using Mainstay.Host.Cli.Client;

namespace Mainstay.Host.Roles;

/// <summary>Has the server stop every service, dependants first. Safe to repeat: what is stopped stays stopped.</summary>
/// <param name="client">Of the server.</param>
/// <param name="gaveUp">Why no server comes back; null while one runs or is being started.</param>
/// <param name="time">Clock and timers.</param>
public sealed class StopRequest(ApiClient client, Func<string?> gaveUp, TimeProvider time)
{
    /// <summary>How long a server may be away, or its services take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>How long a server may say that it cannot serve at the moment, as one that starts or ends does.</summary>
    public static readonly TimeSpan Hiccup = TimeSpan.FromSeconds(2);

    static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(25);

    readonly long startedAt = time.GetTimestamp();

    /// <summary>Asks. Null once it is accepted, also where nothing was ever declared; else what was refused, at once.</summary>
    public Task<CliError?> AskAsync() => UntilAsync(async () =>
    {
        await client.PostAsync("architecture/stop", null, CancellationToken.None);
        return true;
    });

    /// <summary>Waits until no instance is left. Null when that is so, else why it is not.</summary>
    public Task<CliError?> FinishAsync() => UntilAsync(async () => (await client.GetAsync("instances?limit=1", CancellationToken.None))["items"]?.AsArray().Count is 0 or null);

    async Task<CliError?> UntilAsync(Func<Task<bool>> done)
    {
        while (time.GetElapsedTime(startedAt) < Patience)
        {
            try
            {
                if (await done())
                {
                    return null;
                }
            }
            catch (CliError nothing) when (nothing.Status == 404)
            {
                return null;
            }
            catch (CliError away) when (away.Status is null)
            {
                // The server is being started again and then asked anew.
                if (gaveUp() is { } why)
                {
                    return new(why, "'mainstay doctor' looks for the cause");
                }
            }
            catch (CliError refused) when (refused.Status != 503 || time.GetElapsedTime(startedAt) >= Hiccup)
            {
                return refused;
            }
            catch (CliError)
            {
                // It is starting or ending.
            }

            await Task.Delay(Glance, time);
        }

        return new("some services still run", "see 'mainstay status', or 'mainstay doctor' where no server answers");
    }
}
