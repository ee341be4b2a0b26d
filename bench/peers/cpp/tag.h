#pragma once

// What a completion queue reports to.
class Tag {
 public:
  virtual void on(bool ok) = 0;

 protected:
  ~Tag() = default;
};
