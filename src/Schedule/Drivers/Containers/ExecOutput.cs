namespace Mainstay.Schedule.Drivers.Containers;

/// <summary>What a command in a container writes, up to a limit for both streams together.</summary>
sealed class ExecOutput(int most) : IDisposable
{
    readonly MemoryStream output = new();
    readonly MemoryStream error = new();

    /// <summary>Standard output, in base64.</summary>
    public string Output => Text(output);

    /// <summary>Standard error, in base64.</summary>
    public string Error => Text(error);

    /// <summary>Takes all that comes. Throws <see cref="IOException"/> where that is too much.</summary>
    public async Task ReadAsync(Stream from, CancellationToken stop)
    {
        while (await EngineFrames.ReadAsync(from, stop) is var (isError, content))
        {
            if (output.Length + error.Length + content.Length > most)
            {
                throw new IOException($"it wrote more than {most >> 20} MiB");
            }

            await (isError ? error : output).WriteAsync(content, stop);
        }
    }

    public void Dispose()
    {
        output.Dispose();
        error.Dispose();
    }

    static string Text(MemoryStream stream) => Convert.ToBase64String(stream.GetBuffer(), 0, (int)stream.Length);
}
