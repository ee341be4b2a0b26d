#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <unordered_set>

// What happened to calls, so that a client can wait for "begun ID" before it cancels and for "ended ID" after it did,
// without any sleep.
class Events {
 public:
  void record(const std::string& event) {
    {
      std::lock_guard lock(mutex_);
      happened_.insert(event);
    }
    changed_.notify_all();
  }

  // False when the event has not happened within the limit.
  bool wait(const std::string& event, std::chrono::seconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return happened_.count(event) > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<std::string> happened_;
};
