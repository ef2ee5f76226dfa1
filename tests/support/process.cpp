#include "process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "support.hpp"

extern char** environ;

namespace tickspan::test {
namespace {

std::vector<std::string> environment(const std::vector<std::string>& extra) {
  std::vector<std::string> out = extra;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const bool proxy = text.starts_with("HTTP") || text.starts_with("http_") || text.starts_with("https_") ||
                       text.starts_with("ALL_PROXY");
    if (!proxy) out.push_back(text);
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

void redirect(const char* path, int to) {
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || dup2(file, to) < 0) _exit(126);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::vector<std::string>& extra) {
  std::string pattern = (std::filesystem::temp_directory_path() / "tickspan-process-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory");
  directory_ = pattern;
  std::vector<std::string> arguments = command, variables = environment(extra);
  std::vector<char*> argv = pointers(arguments), envp = pointers(variables);
  // Between fork and exec nothing may allocate: another thread's lock on the heap would never be released there.
  const std::string out = directory_ + "/out", err = directory_ + "/err";
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ > 0) return;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  redirect(out.c_str(), STDOUT_FILENO);
  redirect(err.c_str(), STDERR_FILENO);
  execve(argv[0], argv.data(), envp.data());
  _exit(127);
}

Process::~Process() {
  if (running()) {
    kill(SIGKILL);
    wait();
  }
  std::error_code ignored;  // a leftover directory must not fail a test that has passed
  std::filesystem::remove_all(directory_, ignored);
}

bool Process::running() {
  if (ended_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  ended_ = true;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

int Process::wait(std::chrono::milliseconds patience) {
  eventually([this] { return !running(); }, patience);
  return ended_ ? code_ : -1;
}

void Process::kill(int signal) {
  ::kill(pid_, signal);
}

std::string Process::out() const {
  return read_file(directory_ + "/out");
}
std::string Process::err() const {
  return read_file(directory_ + "/err");
}

bool Process::says(const std::string& text, std::chrono::milliseconds patience) {
  return eventually(
      [&] { return std::filesystem::exists(directory_ + "/out") && out().find(text) != std::string::npos; }, patience);
}

std::string program() {
  const char* path = getenv("TICKSPAN_BINARY");
  if (path == nullptr || access(path, X_OK) != 0) throw std::runtime_error("TICKSPAN_BINARY does not name the program");
  return path;
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(socket, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("no free port");
  }
  close(socket);
  return ntohs(address.sin_port);
}

}  // namespace tickspan::test
